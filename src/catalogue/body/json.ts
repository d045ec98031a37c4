import { visit } from "jsonc-parser";
import { limits } from "#lib/limits";
import { doubt } from "./doubt.ts";

/** A JSON value. Numbers are only known to be numbers: no class depends on one. */
export type Json = string | boolean | null | JsonNumber | readonly Json[] | JsonObject;
export type JsonObject = ReadonlyMap<string, Json>;
export interface JsonNumber {
  readonly kind: "number";
}

const number: JsonNumber = { kind: "number" };

/**
 * A document that no two readers take for two: UTF-8 without byte order mark, RFC 8259, no name twice in an object, no
 * lone surrogates, bounded depth. Throws `Doubt`.
 *
 * `JSON.parse` says whether it is JSON, but keeps the last of two members of one name in silence; `jsonc-parser` tells of
 * every member, but is lenient. Only what both take is taken.
 */
export function parseJson(bytes: Uint8Array): Json {
  const text = decode(bytes);
  try {
    JSON.parse(text);
  } catch {
    throw doubt("it is not JSON");
  }
  return build(text);
}

function decode(bytes: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw doubt("it is not UTF-8");
  }
  if (text.startsWith("\uFEFF")) throw doubt("it begins with a byte order mark");
  return text;
}

/** Where the next value belongs: a list, or a member of an object whose name has been read. */
type Place =
  | { readonly kind: "list"; readonly items: Json[] }
  | { readonly kind: "object"; readonly members: Map<string, Json>; name: string };

function build(text: string): Json {
  const root: Json[] = [];
  // Owned by this call: the containers that are open, innermost last.
  const open: Place[] = [{ kind: "list", items: root }];
  const put = (value: Json): void => {
    const place = open.at(-1);
    if (place?.kind === "object") place.members.set(place.name, value);
    else place?.items.push(value);
  };
  const enter = (place: Place, value: Json): void => {
    if (open.length > limits.jsonDepthMax) throw doubt("it nests too deep");
    put(value);
    open.push(place);
  };
  const leave = (): void => void open.pop();
  visit(
    text,
    {
      onObjectBegin: () => {
        const members = new Map<string, Json>();
        enter({ kind: "object", members, name: "" }, members);
      },
      onObjectProperty: (name) => {
        const place = open.at(-1);
        if (place?.kind !== "object") throw doubt("it is not JSON");
        if (place.members.has(name)) throw doubt("an object names a member twice");
        place.name = wellFormed(name);
      },
      onObjectEnd: leave,
      onArrayBegin: () => {
        const items: Json[] = [];
        enter({ kind: "list", items }, items);
      },
      onArrayEnd: leave,
      onLiteralValue: (value: unknown) => put(literal(value)),
      onError: () => {
        throw doubt("it is not JSON");
      },
    },
    { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false },
  );
  const [value] = root;
  if (value === undefined || root.length > 1) throw doubt("it is not JSON");
  return value;
}

function literal(value: unknown): Json {
  if (typeof value === "string") return wellFormed(value);
  if (typeof value === "number") return number;
  if (typeof value === "boolean" || value === null) return value;
  throw doubt("it is not JSON");
}

/** Half a character becomes something else in whatever writes it down as UTF-8 next. */
function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw doubt("a text in it holds half a character");
  return text;
}
