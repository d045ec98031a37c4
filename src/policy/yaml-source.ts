import { isAlias, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from "yaml";
import { limits } from "#lib/limits";
import type { PolicyProblem } from "./problem.ts";

export interface SourceText {
  readonly file: string;
  readonly text: string;
}

/** A place in the text; counts from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export type YamlSource =
  | {
      readonly kind: "parsed";
      readonly value: unknown;
      /** Where the innermost node on a path begins that exists, so that a missing key points at its parent. */
      readonly positionOf: (path: readonly PropertyKey[]) => Position;
    }
  | { readonly kind: "refused"; readonly problems: readonly PolicyProblem[] };

type YamlDocument = ReturnType<typeof parseDocument>;

/** Reads one YAML document. Never throws; anchors, aliases, tags, directives and repeated keys are refused. */
export function readYaml({ file, text }: SourceText): YamlSource {
  const problem = (code: PolicyProblem["code"], message: string, position: Position): PolicyProblem => {
    return { file, ...position, policy: undefined, rule: undefined, code, message };
  };
  const start = { line: 1, column: 1 };
  if (Buffer.byteLength(text) > limits.policyDocumentBytesMax) {
    const message = `The file is larger than ${limits.policyDocumentBytesMax} bytes. Split it.`;
    return { kind: "refused", problems: [problem("too_large", message, start)] };
  }
  const lines = new LineCounter();
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return line < 1 ? start : { line, column: col };
  };
  // Not "silent": that would also silence a second document in the file, and its denials with it.
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, logLevel: "error" });
  const mistakes = [...document.errors, ...document.warnings].map(({ message, pos }) =>
    problem("not_yaml", `${message.split(" at line ")[0] ?? "This is not YAML"}.`, at(pos[0])),
  );
  const shortcut = mistakes.length === 0 ? firstShortcut(document) : undefined;
  if (shortcut !== undefined) {
    const message = "Anchors, aliases, tags and directives are refused here. Write the value out.";
    mistakes.push(problem("not_yaml", message, at(shortcut)));
  }
  if (mistakes.length > 0) return { kind: "refused", problems: mistakes.slice(0, problemsMax) };
  return {
    kind: "parsed",
    value: document.toJS({ maxAliasCount: 0 }),
    positionOf: (path) => at(nearestOffset(document, path)),
  };
}

/** A broken file has one first mistake that matters; the rest are echoes. */
const problemsMax = 20;

/**
 * Offset of the first anchor, alias, tag or directive. A few lines of aliases could grow to gigabytes; `%YAML 1.1` and
 * `!!merge` bring keys and booleans (`yes`, `<<`) that no reviewer of a policy reads as they count.
 */
function firstShortcut(document: YamlDocument): number | undefined {
  const { yaml, tags } = document.directives ?? {};
  const hasOwnTags = Object.keys(tags ?? {}).some((handle) => handle !== "!!");
  if (yaml?.explicit === true || hasOwnTags) return 0;
  let found: number | undefined;
  visit(document, (_key, node) => {
    if (!isNode(node)) return undefined;
    const anchor: unknown = "anchor" in node ? node.anchor : undefined;
    if (!isAlias(node) && anchor === undefined && node.tag === undefined) return undefined;
    found = node.range?.[0] ?? 0;
    return visit.BREAK;
  });
  return found;
}

function nearestOffset(document: YamlDocument, path: readonly PropertyKey[]): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const offset = offsetOf(document, path.slice(0, length));
    if (offset !== undefined) return offset;
  }
  return 0;
}

/** A key is a better place than its value: it is where the eye looks. */
function offsetOf(document: YamlDocument, path: readonly PropertyKey[]): number | undefined {
  const last = path.at(-1);
  const parent: unknown = document.getIn(path.slice(0, -1), true);
  if (typeof last === "string" && isMap(parent)) {
    for (const { key } of parent.items) {
      if (isScalar(key) && key.value === last) return key.range?.[0];
    }
    return undefined;
  }
  const node: unknown = document.getIn(path, true);
  return isNode(node) ? node.range?.[0] : undefined;
}
