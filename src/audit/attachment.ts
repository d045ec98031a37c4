import { hash } from "node:crypto";
import { GatehouseError } from "#lib/errors";
import type { DataKey } from "./data-key.ts";
import type { DataKeys, KeyFinding } from "./data-keys.ts";
import { type Commitment, isCommitted, isSameDigest, type Kept, type Leaf } from "./leaf.ts";
import type { SealPlace } from "./sealed-form.ts";
import type { LogSource } from "./store.ts";

/** An attachment as it goes into the store, and what its entry says of it. */
export interface SealedAttachment {
  readonly role: string;
  readonly bytes: Uint8Array;
  readonly commitment: Commitment;
}

export function sealAttachment(
  { role, bytes, isTruncated }: Kept,
  recordId: string,
  key: DataKey,
): SealedAttachment {
  const place = { recordId, role };
  const sealed = key.seal(bytes, place);
  return {
    role,
    bytes: sealed,
    commitment: {
      role,
      bytes: bytes.byteLength,
      mac: key.mac(bytes, place).toString("base64url"),
      sealed: { bytes: sealed.byteLength, sha256: sha256(sealed).toString("base64url") },
      ...(isTruncated ? { truncated: true } : {}),
    },
  };
}

/** What became of something that an entry commits to. */
export type Opening =
  /** As committed, in clear. */
  | { readonly kind: "opened"; readonly bytes: Uint8Array }
  /** Other bytes than the entry commits to. */
  | { readonly kind: "changed" }
  /** The bytes are gone, or are there and their key is gone for good. */
  | { readonly kind: "erased"; readonly left: "nothing" | "bytes" }
  | { readonly kind: "missing" }
  /** The stored bytes are as committed, and nobody here has the key to open them. */
  | { readonly kind: "locked"; readonly code: string; readonly why: string }
  /** There is something to open, and no key was ever kept for it, or it was taken away. */
  | { readonly kind: "keyless" };

/** What the store has of it; `undefined`: no row, without `bytes`: erased. */
type Found = { readonly bytes: Uint8Array | undefined } | undefined;

/** Where keys are looked for. */
export interface Keyring {
  readonly source: Pick<LogSource, "macKey">;
  readonly keys: Pick<DataKeys, "find">;
}

/** The one way from what is stored to what was said. Believes nothing that the leaf does not commit to. */
export async function openAttachment(
  leaf: Leaf,
  role: string,
  found: Found,
  keyring: Keyring,
): Promise<Opening> {
  const committed = leaf.attachments?.find((each) => each.role === role);
  if (found === undefined || committed === undefined) return { kind: "missing" };
  if (found.bytes === undefined) return { kind: "erased", left: "nothing" };
  return committed.sealed === undefined
    ? openPlain(leaf, role, found.bytes, keyring)
    : openSealed(leaf, committed, found.bytes, keyring);
}

/**
 * The detail of an entry for whoever passes it on and must not leave it out: `undefined` when there is none, or it was erased.
 * Rejects as `KeyProvider` does when it cannot be opened now, and with `audit_log_damaged` when it is not what was committed to.
 */
export async function openDetail(
  {
    index,
    leaf,
    detail,
  }: { readonly index: number; readonly leaf: Leaf; readonly detail: Uint8Array | undefined },
  keyring: Keyring,
): Promise<Uint8Array | undefined> {
  if (detail === undefined) return undefined;
  const opening = await openAttachment(leaf, "detail", { bytes: detail }, keyring);
  if (opening.kind === "opened") return opening.bytes;
  if (opening.kind === "erased") return undefined;
  if (opening.kind === "locked") throw new GatehouseError(opening.code, opening.why);
  throw new GatehouseError(
    "audit_log_damaged",
    `The detail of entry ${index} is not what was recorded. Run \`gatehouse audit verify\`.`,
  );
}

async function openPlain(leaf: Leaf, role: string, bytes: Uint8Array, { source }: Keyring): Promise<Opening> {
  const key = await source.macKey(leaf.key ?? "");
  if (key.kind === "erased") return { kind: "erased", left: "bytes" };
  if (key.kind === "missing") return { kind: "keyless" };
  return isCommitted(leaf, role, bytes, key.key) ? { kind: "opened", bytes } : { kind: "changed" };
}

async function openSealed(
  leaf: Leaf,
  committed: Commitment,
  bytes: Uint8Array,
  { keys }: Keyring,
): Promise<Opening> {
  if (!isAsSealed(committed, bytes)) return { kind: "changed" };
  const place = { recordId: leaf.id, role: committed.role };
  const finding = await keys.find(leaf.key ?? "", (key) => openWith(key, { place, committed, bytes }));
  if (finding.kind !== "used") return unopened(finding);
  return finding.value === undefined ? { kind: "changed" } : { kind: "opened", bytes: finding.value };
}

/** Whether these are the sealed bytes that the entry commits to. Needs no key, so a copy without keys is checked this far. */
export function isAsSealed({ sealed }: Pick<Commitment, "sealed">, bytes: Uint8Array): boolean {
  return sealed?.bytes === bytes.byteLength && isSameDigest(sealed.sha256, sha256(bytes));
}

/** Sealed bytes, where they belong, and what must be in them. */
export interface Sealed {
  readonly place: SealPlace;
  readonly committed: Pick<Commitment, "bytes" | "mac" | "sealed">;
  readonly bytes: Uint8Array;
}

/** In clear; `undefined` unless it is what the entry commits to. */
export function openWith(key: DataKey, { place, committed, bytes }: Sealed): Uint8Array | undefined {
  const plain = key.open(bytes, place);
  const isWhole = plain?.byteLength === committed.bytes && isSameDigest(committed.mac, key.mac(plain, place));
  return isWhole ? new Uint8Array(plain.buffer, plain.byteOffset, plain.byteLength) : undefined;
}

/** What is there, as it was sealed, and cannot be opened. */
export function unopened(
  finding: Exclude<KeyFinding<never>, { kind: "used" }>,
): Exclude<Opening, { kind: "opened" }> {
  switch (finding.kind) {
    case "erased":
      return { kind: "erased", left: "bytes" };
    case "missing":
      return { kind: "keyless" };
    case "locked":
      return finding;
  }
}

function sha256(bytes: Uint8Array): Buffer {
  return hash("sha256", bytes, "buffer");
}
