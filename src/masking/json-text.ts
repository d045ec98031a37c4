import { GatehouseError } from "#lib/errors";

/** By its first byte a value is known. */
export const firstByte = {
  string: 0x22,
  array: 0x5b,
  object: 0x7b,
  true: 0x74,
  false: 0x66,
  null: 0x6e,
} as const;

/** The text of a string as it stands on the wire, which the lexer has read to its end. */
export function unquoted(raw: Buffer): string {
  const written = raw.toString("utf8");
  if (!written.includes("\\")) return written.slice(1, -1);
  const text: unknown = JSON.parse(written);
  if (typeof text !== "string") throw unmaskable("a text is not a text");
  return text;
}

/** Says what is wrong and never what was there: the text may be the secret. */
export function unmaskable(why: string): GatehouseError {
  return new GatehouseError("masking_failed", `This body cannot be masked: ${why}.`);
}
