import { limits } from "#lib/limits";
import type { Secret } from "#lib/secret";
import type { ByteStage } from "./byte-stage.ts";

/**
 * Cuts our own credentials out of any bytes, whatever they are written in: an upstream that echoes request headers
 * must not hand the agent what it was lent to us for. Stars take the place, one a byte, so that lengths stay true.
 */
export class CredentialEraser implements ByteStage {
  readonly #needles: readonly Buffer[];
  readonly #onFound: () => void;
  /** The end of what came, as it came: it may be the beginning of a credential. */
  #kept: Buffer = Buffer.alloc(0);
  /** The same bytes with what was already found erased, so that overlapping finds are all erased. */
  #erased: Buffer = Buffer.alloc(0);

  constructor(credentials: readonly Secret[], onFound: () => void) {
    this.#needles = credentials.flatMap(rememberedSpellings);
    this.#onFound = onFound;
  }

  write(chunk: Buffer): Buffer {
    const text = Buffer.concat([this.#kept, chunk]);
    const erased = Buffer.concat([this.#erased, chunk]);
    for (const needle of this.#needles) this.#erase(text, erased, needle);
    const keepFrom = this.#needles.reduce(
      (from, needle) => Math.min(from, openEnd(text, needle)),
      text.length,
    );
    this.#kept = text.subarray(keepFrom);
    this.#erased = erased.subarray(keepFrom);
    return erased.subarray(0, keepFrom);
  }

  end(): Buffer {
    return this.#erased;
  }

  #erase(text: Buffer, erased: Buffer, needle: Buffer): void {
    for (let at = text.indexOf(needle); at !== -1; at = text.indexOf(needle, at + 1)) {
      erased.fill("*", at, at + needle.length);
      this.#onFound();
    }
  }
}

/** A credential is looked for in thousands of answers, and forgotten here when everybody else forgets it. */
const remembered = new WeakMap<Secret, readonly Buffer[]>();

function rememberedSpellings(credential: Secret): readonly Buffer[] {
  const known = remembered.get(credential) ?? spellingsOf(credential.reveal());
  remembered.set(credential, known);
  return known;
}

/** Where the longest end of `text` begins that is the beginning of `needle`; the text's length if there is none. */
function openEnd(text: Buffer, needle: Buffer): number {
  const first = needle[0] ?? 0;
  const earliest = Math.max(0, text.length - needle.length + 1);
  for (let at = text.indexOf(first, earliest); at !== -1; at = text.indexOf(first, at + 1)) {
    if (text.compare(needle, 0, text.length - at, at) === 0) return at;
  }
  return text.length;
}

/** The ways a token is commonly written down by software that does not mean to hide it. */
export function spellingsOf(authorization: string): Buffer[] {
  const token = authorization.replace(/^(Bearer|Basic) +/i, "");
  const exact = Buffer.from(token);
  const written = [
    ...jsonSpellings(token),
    encodeURIComponent(token),
    percent(token, "upper"),
    percent(token, "lower"),
    exact.toString("hex"),
    exact.toString("hex").toUpperCase(),
    ...base64Spellings(exact),
  ];
  const all = new Set([
    exact.toString("latin1"),
    ...written.map((text) => Buffer.from(text).toString("latin1")),
  ]);
  return [...all]
    .filter((spelling) => spelling.length >= limits.ownCredentialBytesMin)
    .map((spelling) => Buffer.from(spelling, "latin1"));
}

/** JSON writers differ in whether they escape the slash, and what HTML makes of `<`, `>`, `&`, `=`, `'` and `+`. */
function jsonSpellings(token: string): string[] {
  const plain = JSON.stringify(token).slice(1, -1);
  const escaped = (text: string, digits: (hex: string) => string): string =>
    text.replace(/[<>&='+]/g, (character) => `\\u00${digits(character.charCodeAt(0).toString(16))}`);
  const html = [escaped(plain, (hex) => hex), escaped(plain, (hex) => hex.toUpperCase())];
  return [plain, ...html].flatMap((text) => [text, text.replaceAll("/", "\\/")]);
}

/** Everything but letters and digits in percent form (RFC 3986 section 2.1). */
function percent(token: string, digits: "upper" | "lower"): string {
  return token.replace(/[^A-Za-z0-9]/g, (character) => {
    const hex = Buffer.from(character).toString("hex").replace(/../g, "%$&");
    return digits === "upper" ? hex.toUpperCase() : hex;
  });
}

/**
 * Base64 of the token inside something longer: its characters depend on the position modulo three, and those at the
 * edges on the neighbours too, so only the inner ones are looked for.
 */
function base64Spellings(token: Buffer): string[] {
  const spellings = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), token])
      .toString("base64")
      .replace(/=+$/, "");
    const whole = Math.floor(((offset + token.length) * 8) / 6);
    return text.slice(offset === 0 ? 0 : offset + 1, whole);
  });
  return spellings.flatMap((text) => [text, text.replaceAll("+", "-").replaceAll("/", "_")]);
}
