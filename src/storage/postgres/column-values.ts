import type { ClientConfig } from "pg";
import { assert } from "#lib/errors";
import type { SqlValue } from "../stores/database.ts";

// Where the two engines' values differ, and nowhere else: what comes out of PostgreSQL has the types that SQLite gives.

/** Object ids of types, https://www.postgresql.org/docs/current/catalog-pg-type.html. */
const numbers: ReadonlySet<number> = new Set([20, 21, 23, 1700]); // int8, int2, int4, numeric
const bytea = 17;
const bool = 16;

/** For the `types` of a client: numbers as numbers, bytes as bytes, truth as 1 and 0, everything else as text. */
export const columnTypes: NonNullable<ClientConfig["types"]> = {
  getTypeParser: (type: number) => (text: string) => parseColumn(type, text),
};

function parseColumn(type: number, text: string): SqlValue {
  if (numbers.has(type)) {
    const number = Number(text);
    assert(Number.isSafeInteger(number), "the stores count in whole numbers that JavaScript can tell apart");
    return number;
  }
  if (type === bool) return text === "t" ? 1 : 0;
  if (type !== bytea) return text;
  assert(text.startsWith("\\x"), "bytes come in hexadecimal");
  return new Uint8Array(Buffer.from(text.slice(2), "hex"));
}

/** PostgreSQL's text has no U+0000, and what agents call things may: the replacement character stands for it. */
export function parameterOf(value: SqlValue): SqlValue {
  return typeof value === "string" ? value.replaceAll("\0", "\u{FFFD}") : value;
}
