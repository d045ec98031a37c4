import { createHash, createPrivateKey } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import { Secret } from "#lib/secret";

/** A service account key as it stands in its file. */
export interface ServiceAccountKey {
  /** Google's id of the key, public. */
  readonly id: string;
  readonly email: string;
  readonly privateKey: Secret;
  /** Where assertions go instead of Google's token endpoint. */
  readonly tokenUrl: URL | undefined;
  /** SHA-256 over the file, hex. Two files with one key id may still differ. */
  readonly digest: string;
}

const keySchema = z.object({
  type: z.literal("service_account"),
  private_key_id: z.string().regex(/^[\w-]{1,128}$/),
  private_key: z.string().min(1),
  client_email: z.email(),
  token_uri: z.url().optional(),
  universe_domain: z.literal("googleapis.com").optional(),
});

/** What tells one state of a file from another without reading it; a file that cannot even be looked at is a state too. */
export function fileState(path: string): string {
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (found === undefined) return "missing";
    return [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(":");
  } catch (error) {
    return codeOf(error);
  }
}

/**
 * Reads a key file. `endpoint` is the connection's own: the only place but Google where a key may send assertions,
 * because whoever can write a key file must not be able to have our requests signed for a server of theirs.
 * Throws `key_file_invalid`, naming the file and never its content.
 */
export function readKey(path: string, endpoint: URL | undefined): ServiceAccountKey {
  const text = readText(path);
  const parsed = keySchema.safeParse(parseJson(path, text));
  if (!parsed.success) {
    const members = parsed.error.issues.map((issue) => issue.path.join(".") || "the whole").join(", ");
    throw invalid(path, `it is not a service account key of Google's (${members})`);
  }
  const key = parsed.data;
  if (!isRsaKey(key.private_key)) throw invalid(path, "private_key is not an RSA key in PEM form");
  return {
    id: key.private_key_id,
    email: key.client_email,
    privateKey: new Secret(key.private_key),
    tokenUrl: tokenUrl(path, key.token_uri, endpoint),
    digest: createHash("sha256").update(text).digest("hex"),
  };
}

function readText(path: string): string {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) throw invalid(path, "it does not exist");
    // Reading a pipe waits for whoever writes to it, and a device never ends: everybody's calls would stand still.
    if (!found.isFile()) throw invalid(path, "it is not a file");
    if (found.size > limits.keyFileBytesMax) throw invalid(path, "it is too large for a key file");
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof GatehouseError) throw error;
    throw invalid(path, `it cannot be read (${codeOf(error)})`);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text around the mistake, which may be the key.
    throw invalid(path, "it is not JSON");
  }
}

function isRsaKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === "rsa";
  } catch {
    return false;
  }
}

function tokenUrl(path: string, uri: string | undefined, endpoint: URL | undefined): URL | undefined {
  if (uri === undefined) return undefined;
  const url = new URL(uri);
  const isGoogle =
    url.protocol === "https:" && ["oauth2.googleapis.com", "accounts.google.com"].includes(url.host);
  // Google's library always goes to Google's current endpoint, whichever of its names the file has.
  if (isGoogle) return undefined;
  if (endpoint !== undefined && url.origin === endpoint.origin) return url;
  throw invalid(path, "its token_uri is neither Google's nor at the endpoint of the connection");
}

function invalid(path: string, why: string): GatehouseError {
  return new GatehouseError("key_file_invalid", `The key file ${path} cannot be used: ${why}.`);
}
