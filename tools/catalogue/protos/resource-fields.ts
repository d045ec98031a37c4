import type { Binding } from "./binding.ts";
import type { ProtoField, ProtoMessage, Protos, Rpc } from "./declarations.ts";

// Which fields of a request hold the resource name, in the form src/catalogue/rpc/rpc-file.ts reads:
// `5` or `2.1` for a field that holds a whole name, or a name to put together such as `projects/{2}/zones/{3}`,
// where `{7=**}` takes many segments, `{7=#}` a whole number and `{7=%}` an id that may hold anything and is escaped.

/** All the ways a message of an rpc may name its resource, the first binding's first; none where it names nothing. */
export function resourceNamesOf(
  rpc: Rpc,
  bindings: readonly Binding[],
  { messages, decided }: { messages: Protos["messages"]; decided: ReadonlyMap<string, readonly string[]> },
): string[] {
  const request = messages.get(rpc.request);
  if (request === undefined) return [];
  const names = decided.get(rpc.name);
  if (names !== undefined) return names.map((name) => withNumbers(name, request, messages));
  if (bindings.length === 0) return nameWithoutPath(rpc, request, messages);
  const inPaths = new Map<string, string>();
  for (const binding of bindings) {
    // A path without variables names nothing, and then the message need not.
    const name = binding.variables.length === 0 ? "-" : nameInPath(binding, request, messages);
    // The same fields cannot mean two things; the first binding says which.
    if (name !== undefined && !inPaths.has(fieldsIn(name))) inPaths.set(fieldsIn(name), name);
  }
  return [...inPaths.values()];
}

/** Fields are written by name where people decide, e.g. `{bucket=**}/objects/{object=%}`. */
function withNumbers(name: string, request: ProtoMessage, messages: Protos["messages"]): string {
  return name.replace(/(?<=\{)[\w.]+/g, (path) => {
    const field = fieldAt(path, request, messages);
    if (field === undefined) throw new Error(`${request.name} has no field ${path} a name can be made of`);
    return field.number;
  });
}

function fieldsIn(name: string): string {
  return [...name.matchAll(/(?<=^|\{)[\d.]+/g)]
    .map(([field]) => field)
    .sort()
    .join(",");
}

/** The name a REST path would give: from the first variable, with the collection before it, to the last. */
function nameInPath(
  { template, variables }: Binding,
  request: ProtoMessage,
  messages: Protos["messages"],
): string | undefined {
  const parts = (template.slice(1).match(/(?:\{[^}]*\}|[^/{])+/g) ?? []).map((part) =>
    part.replace(/(?<=^[^{]*|\}):\w+$/, ""),
  );
  const first = parts.findIndex((part) => part.startsWith("{"));
  if (first < 0) return undefined;
  const last = parts.findLastIndex((part) => part.startsWith("{"));
  const before = parts[first - 1];
  const isCollection = variables[0]?.shape === "*" && before !== undefined && !/^v\d/.test(before);
  const unread = [...variables];
  const name: string[] = isCollection ? [before] : [];
  for (const part of parts.slice(first, last + 1)) {
    const variable = part.startsWith("{") ? unread.shift() : undefined;
    const field = variable && fieldAt(variable.field, request, messages);
    if (variable !== undefined && field === undefined) return undefined;
    if (field === undefined) name.push(part);
    else if (field.isWhole) name.push(`{${field.number}=#}`);
    else name.push(variable?.shape === "*" ? `{${field.number}}` : `{${field.number}=**}`);
  }
  return name.length === 1 ? (name[0] ?? "").replace(/^\{([\d.]+)=\*\*\}$/, "$1") : name.join("/");
}

interface PlacedField {
  /** Numbers from the outside in, e.g. `2.1`. */
  readonly number: string;
  /** Whether it holds a whole number rather than text. */
  readonly isWhole: boolean;
}

/** `secret.name` is `2.1`; `undefined` where that is nothing a message has at most once and can be part of a name. */
export function fieldAt(
  path: string,
  message: ProtoMessage | undefined,
  messages: Protos["messages"],
): PlacedField | undefined {
  const [name = "", ...rest] = path.split(".");
  const field = message?.fields.get(name);
  if (field === undefined || field.isRepeated || field.isMap) return undefined;
  if (rest.length === 0) {
    const isWhole = /^u?int(?:32|64)$/.test(field.type);
    return isWhole || field.type === "string" ? { number: String(field.number), isWhole } : undefined;
  }
  const below = fieldAt(rest.join("."), messages.get(field.type), messages);
  return below === undefined ? undefined : { ...below, number: `${field.number}.${below.number}` };
}

/** Fields that hold the resource by custom, in the order of preference. */
const customary = ["name", "parent", "resource"];

function nameWithoutPath(rpc: Rpc, request: ProtoMessage, messages: Protos["messages"]): string[] {
  const [routed, ...more] = rpc.routingFields;
  if (routed !== undefined && more.length === 0 && routed !== "upload_id") {
    const field = fieldAt(routed, request, messages);
    return field === undefined ? [] : [field.number];
  }
  const singles = [...request.fields.values()].filter((field) => !field.isRepeated && !field.isMap);
  const isName = (field: ProtoField): boolean => field.isReference || customary.includes(field.name);
  const named = singles.filter((field) => field.type === "string" && isName(field));
  named.sort((one, other) => rank(one) - rank(other));
  if (named[0] !== undefined) return [String(named[0].number)];
  // Streams name it in the message that opens them, e.g. `initial_request.subscription`.
  return singles
    .flatMap((field) => {
      const references = [...(messages.get(field.type)?.fields.values() ?? [])].filter(
        (inner) => inner.type === "string" && inner.isReference && !inner.isRepeated,
      );
      return references.length === 1 ? [`${field.number}.${references[0]?.number}`] : [];
    })
    .slice(0, 1);
}

function rank({ name }: ProtoField): number {
  const at = customary.indexOf(name);
  return at < 0 ? customary.length : at;
}
