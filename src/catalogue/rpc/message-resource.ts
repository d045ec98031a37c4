import { limits } from "#lib/limits";
import { normaliseSegment } from "../resource.ts";
import { isDotSegment } from "../rest/target.ts";
import type { FieldUse, NamePart, ResourceName } from "./resource-name.ts";
import { type FoundValues, scanMessage, type WantedField, type WantedFields } from "./wire-scan.ts";

export interface MessageResource {
  /** Segments of the relative name. */
  readonly segments: readonly string[];
  /** Whether the name ends in a fixed word rather than an id. */
  readonly endsInLiteral: boolean;
}

/** The resource a request message names; a string says why there is no answer. */
export type MessageReader = (message: Uint8Array) => MessageResource | string;

/**
 * Makes a reader of messages. `names` are the ways they may name their resource; a message that does so in two ways at
 * once is ambiguous, because nothing says which the server heeds.
 */
export function messageReader(names: readonly ResourceName[], slashes: ReadonlySet<string>): MessageReader {
  const wanted = wantedFields(names);
  return (message) => {
    const found = scanMessage(message, wanted);
    return typeof found === "string" ? found : resourceAmong(found, names, slashes);
  };
}

function resourceAmong(
  found: FoundValues,
  names: readonly ResourceName[],
  slashes: ReadonlySet<string>,
): MessageResource | string {
  const values = singleValues(found);
  if (typeof values === "string") return values;
  const name = chooseName(names, values);
  if (typeof name === "string") return name;
  const segments: string[] = [];
  for (const part of name) {
    const objection = addSegments(segments, part, { values, slashes });
    if (objection !== undefined) return objection;
  }
  if (segments.length > limits.pathSegmentsMax)
    return `its resource name has more than ${limits.pathSegmentsMax} segments`;
  return { segments: segments.map(normaliseSegment), endsInLiteral: endsInLiteral(name, segments) };
}

function wantedFields(names: readonly ResourceName[]): WantedFields {
  const wanted: WantedFields = { within: new Map() };
  for (const part of names.flat()) if ("field" in part) want(wanted, part.field, part.use);
  return wanted;
}

function want(wanted: WantedFields, path: string, use: FieldUse): void {
  const numbers = path.split(".").map(Number);
  const last = numbers.pop() ?? 0;
  let at = wanted;
  for (const number of numbers) {
    const below = at.within.get(number);
    const inner: WantedFields = below !== undefined && "within" in below ? below : { within: new Map() };
    at.within.set(number, inner);
    at = inner;
  }
  const field: WantedField = { path, isWhole: use === "whole" };
  at.within.set(last, field);
}

/** In protobuf the last value of a field counts, for most parsers. Two that differ are a trick or a mistake. */
function singleValues(found: FoundValues): ReadonlyMap<string, string> | string {
  const values = new Map<string, string>();
  for (const [path, [value = "", ...others]] of found) {
    if (others.length > 0) return "it names its resource twice, and differently";
    // The empty string and zero are how protobuf says that a field is not there.
    if (value !== "" && value !== "0") values.set(path, value);
  }
  return values;
}

function chooseName(
  names: readonly ResourceName[],
  values: ReadonlyMap<string, string>,
): ResourceName | string {
  const complete = names.filter((name) => name.every((part) => "literal" in part || values.has(part.field)));
  // Of `services/{1}` and `services/{1}/configs/{2}` the longer one, if all of it is there.
  const [name] = complete.sort((one, other) => fieldsIn(other).length - fieldsIn(one).length);
  if (name === undefined) return "it does not name its resource";
  const used = new Set(fieldsIn(name));
  if ([...values.keys()].some((path) => !used.has(path))) return "it names its resource in two ways at once";
  return name;
}

function fieldsIn(name: ResourceName): string[] {
  return name.flatMap((part) => ("field" in part ? [part.field] : []));
}

interface NameInputs {
  readonly values: ReadonlyMap<string, string>;
  readonly slashes: ReadonlySet<string>;
}

/** Adds a part to a name, or says why not. */
function addSegments(
  segments: string[],
  part: NamePart,
  { values, slashes }: NameInputs,
): string | undefined {
  if ("literal" in part) {
    segments.push(part.literal);
    return undefined;
  }
  const value = values.get(part.field) ?? "";
  if (!isFit(value, part.use)) return "its resource name holds a character that has no place there";
  const added = part.use === "free" ? [encodeURIComponent(value)] : value.split("/");
  if (part.use !== "name" && added.length > 1) return "an id in it holds a slash";
  for (const segment of added) {
    if (segment === "") return "its resource name has an empty segment or ends in a slash";
    if (isDotSegment(segment)) return "its resource name has a dot segment";
    if (part.use !== "free" && segment.includes("%") && !slashes.has(segments.at(-1) ?? ""))
      return "an encoded slash has no place in its resource name";
    segments.push(segment);
  }
  return undefined;
}

/** As strict as paths are, where `;` cuts parameters off for some servers and an escape can only be a slash. */
function isFit(value: string, use: FieldUse): boolean {
  switch (use) {
    case "free":
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
      return !/[\x00-\x1f\x7f-\x9f\\]/.test(value);
    case "whole":
      return /^\d+$/.test(value);
    case "name":
    case "id":
      return /^(?:[A-Za-z0-9\-._~!$&'()*+,=:@/]|%2[Ff])+$/.test(value);
  }
}

/** Collections and ids take turns, so that a whole name of an odd number of segments ends in a fixed word. */
function endsInLiteral(name: ResourceName, segments: readonly string[]): boolean {
  const last = name.at(-1);
  if (last === undefined) return false;
  if ("literal" in last) return true;
  return last.use === "name" && segments.length % 2 === 1;
}
