import { z } from "zod";
import type { HeldBytes } from "./approval-request.ts";

/** Locks bytes away for their associated data; `keys` has one. */
export interface Sealer {
  seal(plain: Uint8Array, associatedData: Uint8Array): Uint8Array;
  /** Throws when anything differs from the sealing. */
  open(sealed: Uint8Array, associatedData: Uint8Array): Uint8Array;
}

const head = z.strictObject({
  method: z.string(),
  host: z.string(),
  target: z.string(),
  headers: z.array(z.tuple([z.string(), z.string()])),
});

/** Seals a held request. The seal opens only for the same approval request and fingerprint. */
export function sealHeld(held: HeldBytes, owner: SealOwner, sealer: Sealer): Uint8Array {
  const { method, host, target, headers, body } = held;
  const line = Buffer.from(JSON.stringify({ method, host, target, headers }), "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(line.length);
  return sealer.seal(Buffer.concat([length, line, body]), associatedData(owner));
}

export function openHeld(sealed: Uint8Array, owner: SealOwner, sealer: Sealer): HeldBytes {
  const plain = Buffer.from(sealer.open(sealed, associatedData(owner)));
  const bodyAt = 4 + plain.readUInt32BE(0);
  const parsed: unknown = JSON.parse(plain.subarray(4, bodyAt).toString("utf8"));
  return { ...head.parse(parsed), body: new Uint8Array(plain.subarray(bodyAt)) };
}

interface SealOwner {
  readonly id: string;
  readonly fingerprint: string;
}

function associatedData({ id, fingerprint }: SealOwner): Uint8Array {
  return Buffer.from(`gatehouse-held/v1\n${id}\n${fingerprint}`, "utf8");
}
