import { createHash } from "node:crypto";
import { z } from "zod";
import { limits } from "#lib/limits";

/** A JWT in compact form (RFC 7519 section 3), read and not yet believed. */
export interface CompactToken {
  readonly text: string;
  readonly header: TokenHeader;
  /** What it claims; nothing of it is proven. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** `jwk`, `jku`, `x5u` and `x5c` are not read: a token must not bring the key that proves it. */
export interface TokenHeader {
  readonly alg: string;
  readonly kid: string | undefined;
  readonly typ: string | undefined;
}

const shape = /^[\w-]+\.[\w-]+\.[\w-]+$/;

const headerShape = z.looseObject({
  alg: z.string(),
  kid: z.string().max(256).optional(),
  typ: z.string().max(64).optional(),
});

/**
 * One spelling of each token only: without these checks the library takes padding bits, spaces and JSON forms
 * (Wycheproof 360, 365, 368, 375), and two spellings of one token are two entries in every list of stopped ones.
 */
export function parseCompactToken(text: string): CompactToken | undefined {
  const form = parseCompactForm(text);
  const claims = form === undefined ? undefined : parseObject(form.payload);
  return form === undefined || claims === undefined ? undefined : { text, header: form.header, claims };
}

/** What any JWS in compact form must be (RFC 7515 section 7.1), whatever its payload. */
export function parseCompactForm(text: string): { header: TokenHeader; payload: string } | undefined {
  if (text.length > limits.tokenBytesMax || !shape.test(text)) return undefined;
  const [first = "", payload = "", signature = ""] = text.split(".");
  if (![first, payload, signature].every(isCanonical)) return undefined;
  const header = headerShape.safeParse(parseObject(first));
  if (!header.success) return undefined;
  // We understand no critical extension (RFC 7515 section 4.1.11), unencoded payload (RFC 7797) included.
  if ("crit" in header.data || "b64" in header.data) return undefined;
  const { alg, kid, typ } = header.data;
  return { header: { alg, kid, typ }, payload };
}

function isCanonical(part: string): boolean {
  return Buffer.from(part, "base64url").toString("base64url") === part;
}

function parseObject(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      Buffer.from(part, "base64url"),
    );
    const value: unknown = JSON.parse(text);
    return isObject(value) && !hasRepeatedMember(text, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * `JSON.parse` silently keeps the last of two members of one name, others the first: what one party signed another
 * would not have read (RFC 7519 section 4). In text known to be JSON, a string before a colon is a member's name.
 */
function hasRepeatedMember(text: string, value: object): boolean {
  let written = 0;
  for (const [, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)) if (colon !== undefined) written += 1;
  return written !== countMembers(value);
}

function countMembers(root: object): number {
  let count = 0;
  const pending: unknown[] = [root];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value !== "object" || value === null) continue;
    if (!Array.isArray(value)) count += Object.keys(value).length;
    const members: unknown[] = Object.values(value);
    pending.push(...members);
  }
  return count;
}

/** Base64url of SHA-256: what stands for a token wherever one has to be found again. */
export function tokenDigest(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
