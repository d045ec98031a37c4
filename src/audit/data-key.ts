import { createHmac, createSecretKey, hkdfSync } from "node:crypto";
import { GatehouseError } from "#lib/errors";
import { type SealPlace, seal, unseal } from "./sealed-form.ts";

/** Of a data key; HKDF and HMAC with SHA-256 have no use for more. */
export const dataKeyBytes = 32;

/** 32 bytes each, in memory of their own. */
export interface DataKeyParts {
  readonly sealing: Uint8Array<ArrayBuffer>;
  readonly digest: Uint8Array<ArrayBuffer>;
}

/**
 * The key of one session or one day, opened. Two keys come from it (HKDF-SHA-256, RFC 5869), one to seal with and one for
 * digests, so that neither says anything about the other. Owns their bytes, and overwrites them when it is told to forget.
 */
export class DataKey {
  readonly id: string;
  readonly #sealing: Uint8Array<ArrayBuffer>;
  readonly #digest: Uint8Array<ArrayBuffer>;
  #isForgotten = false;

  private constructor(id: string, { sealing, digest }: DataKeyParts) {
    this.id = id;
    this.#sealing = sealing;
    this.#digest = digest;
  }

  /** `dataKey` stays the caller's to overwrite. */
  static derive(id: string, dataKey: Uint8Array): DataKey {
    const sealing = derive(dataKey, id, "gatehouse sealing v1");
    return new DataKey(id, { sealing, digest: derive(dataKey, id, "gatehouse digest v1") });
  }

  /** Takes `parts` over; they are overwritten with the key. */
  static ofParts(id: string, parts: DataKeyParts): DataKey {
    return new DataKey(id, parts);
  }

  /** A copy that can move to another thread. Whoever gets it makes a key of it and forgets that. */
  copyParts(): DataKeyParts {
    this.#mustBeKnown();
    return { sealing: new Uint8Array(this.#sealing), digest: new Uint8Array(this.#digest) };
  }

  /** Throws `audit_key_erased` once forgotten, as all of these do. */
  seal(plain: Uint8Array, place: SealPlace): Buffer {
    this.#mustBeKnown();
    return seal(plain, place, this.#sealing);
  }

  open(sealed: Uint8Array, place: SealPlace): Buffer | undefined {
    this.#mustBeKnown();
    return unseal(sealed, place, this.#sealing);
  }

  mac(plain: Uint8Array, place: SealPlace): Buffer {
    this.#mustBeKnown();
    return macOf(this.#digest, place, plain);
  }

  forget(): void {
    this.#isForgotten = true;
    this.#sealing.fill(0);
    this.#digest.fill(0);
  }

  /** Whoever took the key before it was destroyed must not go on with what is left of it. */
  #mustBeKnown(): void {
    if (this.#isForgotten) throw keyErased(this.id);
  }
}

/**
 * The id is in, so that equal bodies do not show as equal; the role is in, so that a request cannot pass for an
 * answer. Neither contains a newline.
 */
export function macOf(key: Uint8Array, { recordId, role }: SealPlace, bytes: Uint8Array): Buffer {
  return createHmac("sha256", createSecretKey(key)).update(`${role}\n${recordId}\n`).update(bytes).digest();
}

export function keyErased(id: string): GatehouseError {
  return new GatehouseError(
    "audit_key_erased",
    `The records of ${id} were erased; nothing can be added to them.`,
  );
}

function derive(dataKey: Uint8Array, id: string, purpose: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hkdfSync("sha256", dataKey, id, purpose, dataKeyBytes));
}
