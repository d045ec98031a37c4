import type { ProtoField, ProtoMessage, Protos } from "./declarations.ts";
import type { SecretMark, SecretMarks } from "./secret-marks.ts";

// Secrets by field number, in the form src/catalogue/rpc/rpc-file.ts reads.

export interface NumberedSecrets {
  /** Whether a message leads to a secret of one direction. */
  bears(message: string, direction: "request" | "response"): boolean;
  /** Whether a message leads to a google.protobuf.Any, which may hold any message. */
  leadsToAny(message: string): boolean;
  /** All messages that can be met on the way from some to secrets, printed: name → `1=! 2=other.Message`. */
  graphFrom(roots: Iterable<string>): Map<string, string>;
}

const any = "google.protobuf.Any";

export function numberSecrets({ messages }: Protos, { marks }: SecretMarks): NumberedSecrets {
  const users = usersOf(messages);
  const bearing = (direction: "request" | "response"): Set<string> =>
    reaching(
      [...marks].flatMap(([name, fields]) =>
        [...fields.values()].some((mark) => mark.direction === "both" || mark.direction === direction)
          ? [name]
          : [],
      ),
      users,
    );
  const requests = bearing("request");
  const responses = bearing("response");
  const withAny = reaching([any], users);
  const isOnTheWay = (name: string): boolean =>
    requests.has(name) || responses.has(name) || withAny.has(name);
  return {
    bears: (name, direction) => (direction === "request" ? requests : responses).has(name),
    leadsToAny: (name) => withAny.has(name),
    graphFrom: (roots) => {
      const graph = new Map<string, string>();
      const waiting = [...roots].filter(isOnTheWay);
      for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
        if (graph.has(name)) continue;
        const cells: string[] = [];
        for (const { number, code, leadsTo } of fieldsOf(name, { messages, marks, isOnTheWay })) {
          cells.push(`${number}=${code}`);
          if (leadsTo !== undefined) waiting.push(leadsTo);
        }
        graph.set(name, cells.join(" "));
      }
      return new Map([...graph].sort(([one], [other]) => (one < other ? -1 : 1)));
    },
  };
}

/** Message → messages with a field of it. */
function usersOf(messages: Protos["messages"]): Map<string, string[]> {
  const users = new Map<string, string[]>();
  for (const { name, fields } of messages.values()) {
    for (const { type, isScalar } of fields.values()) {
      if (isScalar) continue;
      const known = users.get(type);
      if (known === undefined) users.set(type, [name]);
      else known.push(name);
    }
  }
  return users;
}

function reaching(targets: readonly string[], users: ReadonlyMap<string, readonly string[]>): Set<string> {
  const found = new Set<string>();
  const waiting = [...targets];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    waiting.push(...(users.get(name) ?? []));
  }
  return found;
}

interface NumberedField {
  readonly number: number;
  readonly code: string;
  /** Message to print as well. */
  readonly leadsTo: string | undefined;
}

interface Knowledge {
  readonly messages: Protos["messages"];
  readonly marks: SecretMarks["marks"];
  readonly isOnTheWay: (name: string) => boolean;
}

function fieldsOf(name: string, { messages, marks, isOnTheWay }: Knowledge): NumberedField[] {
  // `?google.protobuf.Struct` is a Struct all of whose text is marked `?`.
  const [, mark, plain = name] = /^([!#?][<>]?)(.+)$/.exec(name) ?? [];
  const fields = [...(messages.get(plain)?.fields.values() ?? [])];
  fields.sort((one, other) => one.number - other.number);
  return fields.flatMap((field) => {
    const own = mark ?? codeOf(marks.get(plain)?.get(field.name), field);
    if (own !== undefined) return markedField(own, field, messages.get(field.type));
    if (field.isScalar || !isOnTheWay(field.type)) return [];
    return [numbered(field, field.type === any ? "@" : field.type)];
  });
}

function codeOf(mark: SecretMark | undefined, { type }: ProtoField): string | undefined {
  if (mark === undefined) return undefined;
  const direction = { request: ">", response: "<", both: "" }[mark.direction];
  if (mark.kind === "bag") return `?${direction}`;
  return (type === "bytes" ? "#" : "!") + direction;
}

function markedField(mark: string, field: ProtoField, inner: ProtoMessage | undefined): NumberedField[] {
  if (inner !== undefined) return [numbered(field, `${mark}${inner.name}`)];
  return field.type === "string" || field.type === "bytes" ? [numbered(field, mark)] : [];
}

/** A map is a list of entries whose field 2 is the value. */
function numbered(field: ProtoField, code: string): NumberedField {
  const leadsTo = code === "@" || /^[!#?][<>]?$/.test(code) ? undefined : code;
  return { number: field.number, code: field.isMap ? `[${code}]` : code, leadsTo };
}
