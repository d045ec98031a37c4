import { z } from "zod";
import { GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import { crc32c } from "./crc32c.ts";
import { associatedData, type DataKeyName } from "./data-key-name.ts";

export interface KmsKeyProvider {
  readonly name: string;
  wrap(dataKey: Uint8Array, of: DataKeyName): Promise<Uint8Array>;
  unwrap(wrapped: Uint8Array, of: DataKeyName): Promise<Uint8Array>;
}

/** Sends with a credential; `url` is Cloud KMS's own. */
export type Post = (
  url: string,
  json: object,
  signal: AbortSignal,
) => Promise<{ readonly status: number; readonly body: unknown }>;

/**
 * Wraps data keys with a key of Cloud KMS that never leaves it (`cryptoKeys.encrypt`, `decrypt`). The log and the key's name go along
 * as additional authenticated data. Checksums go both ways, as Google recommends against bytes damaged in between
 * (cloud.google.com/kms/docs/data-integrity-guidelines). `keyName`: `projects/…/cryptoKeys/…`.
 */
export function kmsKeyProvider(keyName: string, post: Post): KmsKeyProvider {
  const ask = (act: "encrypt" | "decrypt", json: object): Promise<unknown> =>
    askTwice(post, { keyName, act, json });
  return {
    name: `google_kms:${keyName}`,
    async wrap(dataKey, of) {
      const associated = associatedData(of);
      const answer = await ask("encrypt", {
        plaintext: base64(dataKey),
        plaintextCrc32c: checksum(dataKey),
        additionalAuthenticatedData: base64(associated),
        additionalAuthenticatedDataCrc32c: checksum(associated),
      });
      return wrappedIn(encryptAnswer.safeParse(answer), keyName);
    },
    async unwrap(wrapped, of) {
      const associated = associatedData(of);
      const answer = await ask("decrypt", {
        ciphertext: base64(wrapped),
        ciphertextCrc32c: checksum(wrapped),
        additionalAuthenticatedData: base64(associated),
        additionalAuthenticatedDataCrc32c: checksum(associated),
      });
      return dataKeyIn(decryptAnswer.safeParse(answer));
    },
  };
}

const encryptAnswer = z.object({
  name: z.string(),
  ciphertext: z.base64(),
  ciphertextCrc32c: z.string(),
  verifiedPlaintextCrc32c: z.literal(true),
  verifiedAdditionalAuthenticatedDataCrc32c: z.literal(true),
});

const decryptAnswer = z.object({ plaintext: z.base64(), plaintextCrc32c: z.string() });

function wrappedIn(parsed: z.ZodSafeParseResult<z.infer<typeof encryptAnswer>>, keyName: string): Buffer {
  if (!parsed.success) throw unavailable("Cloud KMS did not confirm that it got what was sent");
  const { name, ciphertext, ciphertextCrc32c } = parsed.data;
  const bytes = Buffer.from(ciphertext, "base64");
  if (ciphertextCrc32c !== checksum(bytes)) throw unavailable("its answer was damaged on the way");
  if (name.startsWith(`${keyName}/cryptoKeyVersions/`)) return bytes;
  throw unavailable("Cloud KMS encrypted with another key than was asked for");
}

function dataKeyIn(parsed: z.ZodSafeParseResult<z.infer<typeof decryptAnswer>>): Buffer {
  if (!parsed.success) throw unavailable("Cloud KMS did not answer as documented");
  const { plaintext, plaintextCrc32c } = parsed.data;
  const bytes = Buffer.from(plaintext, "base64");
  if (plaintextCrc32c === checksum(bytes)) return bytes;
  throw unavailable("its answer was damaged on the way");
}

interface Question {
  readonly keyName: string;
  readonly act: "encrypt" | "decrypt";
  readonly json: object;
}

/** Once more when the service stumbled: a session's first record waits for this. */
async function askTwice(post: Post, question: Question): Promise<unknown> {
  const first = await askOnce(post, question);
  const answer = first.status >= 500 || first.status === 429 ? await askOnce(post, question) : first;
  if (answer.status === 200) return answer.body;
  const { keyName, act } = question;
  // The ciphertext is not one of this key and these associated data: nobody will ever decrypt it.
  if (act === "decrypt" && answer.status === 400)
    throw new GatehouseError("wrapped_key_broken", `Cloud KMS does not decrypt this with ${keyName}.`);
  throw unavailable(`it answered ${answer.status} to ${act} with ${keyName}`);
}

async function askOnce(post: Post, { keyName, act, json }: Question) {
  try {
    const url = `https://cloudkms.googleapis.com/v1/${keyName}:${act}`;
    return await post(url, json, AbortSignal.timeout(limits.kmsTimeoutMs));
  } catch (error) {
    throw unavailable(messageOf(error), error);
  }
}

function unavailable(why: string, cause?: unknown): GatehouseError {
  return new GatehouseError("key_provider_unavailable", `Cloud KMS cannot be used: ${why}.`, { cause });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** 64-bit integers are strings in Google's JSON. */
function checksum(bytes: Uint8Array): string {
  return String(crc32c(bytes));
}
