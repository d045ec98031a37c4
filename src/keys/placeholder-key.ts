import { hkdfSync, randomBytes } from "node:crypto";
import { GatehouseError } from "#lib/errors";
import { readOrCreateKeyFile } from "#lib/key-file";

/** Where placeholders of masked values come from: the same within a session, unrelated between two. */
export interface PlaceholderKey {
  /** 32 bytes for one session (RFC 5869); without the file nobody can make or test a placeholder. */
  forSession(sessionId: string): Uint8Array;
}

const purpose = "gatehouse placeholder v1";

/** Reads the key from a 0600 file, or creates it. Throws `placeholder_key_invalid`, `key_file_open_to_others`. */
export async function openPlaceholderKey(path: string): Promise<PlaceholderKey> {
  const text = await readOrCreateKeyFile(path, () => `${randomBytes(32).toString("base64")}\n`);
  const key = Buffer.from(text.trim(), "base64");
  if (key.length !== 32) {
    throw new GatehouseError(
      "placeholder_key_invalid",
      `${path} does not hold a key of 32 bytes. Remove it to get a new one.`,
    );
  }
  return { forSession: (sessionId) => new Uint8Array(hkdfSync("sha256", key, sessionId, purpose, 32)) };
}
