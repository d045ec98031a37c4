import { GatehouseError } from "#lib/errors";
import type { ConnectionChange } from "./registry.ts";
import { fileState, readKey, type ServiceAccountKey } from "./service-account-key.ts";

/**
 * The key file of a connection, looked at before each use: whoever replaces the file, or the Kubernetes secret it is
 * mounted from, has rotated the key. A broken new file keeps nothing of the old one: the operator meant it to be gone.
 */
export class KeyInUse {
  readonly #path: string;
  readonly #endpoint: URL | undefined;
  #state: string;
  #key: ServiceAccountKey | undefined;
  #problem: GatehouseError | undefined;

  /** Throws `key_file_invalid`. */
  constructor(path: string, endpoint: URL | undefined) {
    this.#path = path;
    this.#endpoint = endpoint;
    // State before content: a file replaced in between is read again at the next look.
    this.#state = fileState(path);
    this.#key = readKey(path, endpoint);
  }

  /** Throws `key_file_invalid` while the file is broken. */
  get key(): ServiceAccountKey {
    if (this.#key !== undefined) return this.#key;
    throw this.#problem ?? new GatehouseError("assertion_failed", "a key file is neither sound nor broken");
  }

  /** Whose key it is; `undefined` while the file is broken. */
  get account(): string | undefined {
    return this.#key?.email;
  }

  /** Throws `key_file_invalid` while the file is broken. */
  mustBeSound(): void {
    if (this.#problem !== undefined) throw this.#problem;
  }

  /** Reads the file again if it changed; answers with what changed about the key, if anything did. */
  check(): Omit<ConnectionChange, "connection"> | undefined {
    const state = fileState(this.#path);
    if (state === this.#state) return undefined;
    this.#state = state;
    const old = { key: this.#key, problem: this.#problem };
    this.#read();
    const isSame = old.key?.digest === this.#key?.digest && old.problem?.message === this.#problem?.message;
    if (isSame) return undefined;
    return { oldKeyId: old.key?.id, newKeyId: this.#key?.id, problem: this.#problem?.message };
  }

  #read(): void {
    try {
      this.#key = readKey(this.#path, this.#endpoint);
      this.#problem = undefined;
    } catch (error) {
      if (!(error instanceof GatehouseError)) throw error;
      this.#key = undefined;
      this.#problem = error;
    }
  }
}
