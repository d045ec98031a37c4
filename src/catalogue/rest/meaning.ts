import type { Knowledge } from "../knowledge.ts";
import type { Call } from "../operation.ts";
import type { CallLine } from "../understanding.ts";
import { kindOfParameter, type ParameterKind } from "./parameters.ts";
import { understand } from "./understand.ts";

/**
 * What a call that is refused for the way it was asked would have been: a credential in the query, a method override,
 * a signed URL. It is said to people; nothing is ever decided or forwarded by it. `undefined` when nobody could say.
 */
export function meaningOf(line: CallLine, knowledge: Knowledge): Call | undefined {
  const understanding = understand(line, knowledge);
  switch (understanding.kind) {
    case "call":
      return understanding.call;
    case "session_url":
      return read(without(line, ["signature"]), knowledge);
    case "unknown":
      if (understanding.code === "parameter_refused") return read(without(line, ["credential"]), knowledge);
      return understanding.code === "override_refused" ? overridden(line, knowledge) : undefined;
  }
}

function read(line: CallLine, knowledge: Knowledge): Call | undefined {
  const understanding = understand(line, knowledge);
  return understanding.kind === "call" ? understanding.call : undefined;
}

/**
 * Servers that honour overrides do so on POST. Where both the method that was sent and the one it asks for are
 * known, nobody can say which would have run.
 */
function overridden(line: CallLine, knowledge: Knowledge): Call | undefined {
  const asked = new Set([
    ...line.headers.filter(([name]) => kindOfParameter(name) === "override").map(([, value]) => value),
    ...pairsOf(line).flatMap(({ kind, value }) => (kind === "override" ? [value] : [])),
  ]);
  const [method = "", ...others] = asked;
  if (line.method !== "POST" || others.length > 0) return undefined;
  const plain = {
    ...without(line, ["override"]),
    headers: line.headers.filter(([name]) => kindOfParameter(name) !== "override"),
  };
  const [one, ...more] = ["POST", method].flatMap(
    (each) => read({ ...plain, method: each }, knowledge) ?? [],
  );
  const isOne = more.every(({ operation }) => operation.id === one?.operation.id);
  return isOne ? one : undefined;
}

interface Pair {
  readonly text: string;
  readonly kind: ParameterKind;
  readonly value: string;
}

function pairsOf({ target }: CallLine): Pair[] {
  const mark = target.indexOf("?");
  if (mark < 0) return [];
  return target
    .slice(mark + 1)
    .split("&")
    .map((text) => {
      const [name = "", ...value] = text.split("=");
      return { text, kind: kindOfParameter(decode(name)), value: value.join("=") };
    });
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** The same call without parameters of some kinds. */
function without(line: CallLine, kinds: readonly ParameterKind[]): CallLine {
  const [path = ""] = line.target.split("?", 1);
  const kept = pairsOf(line).filter(({ kind }) => !kinds.includes(kind));
  const query = kept.map(({ text }) => text).join("&");
  return { ...line, target: query === "" ? path : `${path}?${query}` };
}
