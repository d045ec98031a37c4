import type { SqlValue } from "./database.ts";

// Names of people, agents and resources, as entries are found by them. Whatever compares two of them
// compares what is made of them here: what engines call the same letter differs.

/**
 * So much of a name can be searched for; the rest is in the entry's detail. PostgreSQL refuses index rows above 2,704 bytes, and
 * an agent that asks for a longer resource must not be able to stop the log.
 */
const nameCharsMax = 600;

/** A value as it is kept and looked for, in whole characters. */
export function findable(value: string | number | undefined): SqlValue {
  if (typeof value !== "string") return value ?? null;
  return cut(storable(value));
}

function cut(text: string): string {
  return text.length <= nameCharsMax ? text : [...text].slice(0, nameCharsMax).join("");
}

/** A principal's name, as principals are compared and listed: in whatever case it was written. */
export function foldedName(name: string): string {
  return cut(storable(name.toLowerCase()));
}

/** Where U+0000 stands, SQLite's functions think that a text ends, and PostgreSQL takes none. */
export function storable(text: string): string {
  return text.replaceAll("\0", "\u{FFFD}");
}

/** What of a column with a whole, storable name can be searched for, as `findable` has it. */
export function findablePart(column: string): string {
  return `substr(${column}, 1, ${nameCharsMax})`;
}
