import { timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import { macOf } from "./data-key.ts";
import type { NewEntry } from "./entry.ts";

// A leaf is small canonical JSON: members in the order below, no white space, absent when unknown. It outlives every
// erasure, so it holds opaque ids, Google's public names, numbers and keyed digests; never a name, an address, a
// resource, or a bare digest, which would confirm a guess. Members are only ever added.

export type AttachmentRole = "detail" | "request" | "answer" | "request_digest" | "answer_digest";

/** What a leaf says about something kept beside it. */
const commitment = z.looseObject({
  role: z.string(),
  /** Length in bytes, of the plain content. */
  bytes: z.int().min(0),
  /** Base64url of the keyed digest of the plain content. */
  mac: z.string(),
  /** The form it is stored in; absent in entries written before there was one. */
  sealed: z.looseObject({ bytes: z.int().min(0), sha256: z.string() }).optional(),
  /** Whether only the beginning was kept. */
  truncated: z.literal(true).optional(),
});

const leafShape = z.looseObject({
  v: z.literal(1),
  kind: z.string(),
  id: z.string(),
  t: z.iso.datetime(),
  session: z.string().optional(),
  exchange: z.string().optional(),
  approval: z.string().optional(),
  operation: z.string().optional(),
  class: z.string().optional(),
  decision: z.string().optional(),
  status: z.int().optional(),
  policy: z.string().optional(),
  /** Lengths of the bodies that were sent and received. */
  request_bytes: z.int().optional(),
  answer_bytes: z.int().optional(),
  /** Whose key the attachments are sealed and the digests made with. */
  key: z.string().optional(),
  attachments: z.array(commitment).optional(),
});
export type Leaf = z.infer<typeof leafShape>;
export type Commitment = z.infer<typeof commitment>;

/** A byte that is no UTF-8 throws; a byte order mark is content. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** `undefined` for anything but a leaf of this version. */
export function parseLeaf(bytes: Uint8Array): Leaf | undefined {
  try {
    const parsed = leafShape.safeParse(JSON.parse(utf8.decode(bytes)));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined; // not UTF-8, not JSON
  }
}

/** What is kept beside the leaf. */
export interface Kept {
  readonly role: AttachmentRole;
  readonly bytes: Uint8Array;
  readonly isTruncated: boolean;
}

/** Everything that goes beside the entry: its detail, its recordings, and the digests of the bodies on the wire. */
export function keptOf(entry: NewEntry): readonly Kept[] {
  const kept: Kept[] = [];
  if (entry.detail !== undefined)
    kept.push(whole("detail", Buffer.from(JSON.stringify(entry.detail), "utf8")));
  if (entry.requestBody !== undefined)
    kept.push(whole("request_digest", digestBytes(entry.requestBody.sha256)));
  if (entry.answerBody !== undefined) kept.push(whole("answer_digest", digestBytes(entry.answerBody.sha256)));
  kept.push(...(entry.attachments ?? []));
  for (const { role, bytes } of kept) {
    if (kept.filter((other) => other.role === role).length > 1)
      throw invalid(`it has two attachments "${role}"`);
    if (bytes.byteLength > limits.attachmentBytesMax) throw invalid(`its "${role}" is too large`);
  }
  return kept;
}

/** Id, time and commitments of a new leaf. */
export interface LeafFrame {
  readonly id: string;
  readonly at: Date;
  /** What its attachments are sealed with; absent when there are none. */
  readonly keyId: string | undefined;
  readonly commitments: readonly Commitment[];
}

/** The exact bytes to be stored and hashed. Throws `entry_invalid` when the entry says what a leaf must not. */
export function encodeLeaf(entry: NewEntry, frame: LeafFrame): Uint8Array {
  const leaf = {
    v: 1,
    kind: entry.kind,
    id: frame.id,
    t: frame.at.toISOString(),
    session: opaque("sessionId", entry.sessionId),
    exchange: opaque("exchangeId", entry.exchangeId),
    approval: opaque("approvalId", entry.approvalId),
    operation: publicName("operation", entry.operation),
    class: publicName("class", entry.class),
    decision: publicName("decision", entry.decision),
    status: count("status", entry.status),
    policy: opaque("policyVersion", entry.policyVersion),
    request_bytes: count("requestBody.bytes", entry.requestBody?.bytes),
    answer_bytes: count("answerBody.bytes", entry.answerBody?.bytes),
    key: frame.keyId,
    attachments: frame.commitments.length > 0 ? frame.commitments : undefined,
  };
  const bytes = Buffer.from(JSON.stringify(leaf), "utf8");
  if (bytes.byteLength > limits.leafBytesMax) throw invalid("it is too large");
  return bytes;
}

/** Whether these bytes, stored in clear by an earlier version, are what the leaf commits to. */
export function isCommitted(leaf: Leaf, role: string, bytes: Uint8Array, key: Uint8Array): boolean {
  const committed = leaf.attachments?.find((each) => each.role === role);
  if (committed?.bytes !== bytes.byteLength) return false;
  return isSameDigest(committed.mac, macOf(key, { recordId: leaf.id, role }, bytes));
}

/** `text` is base64url, and came from somebody. */
export function isSameDigest(text: string, expected: Uint8Array): boolean {
  const found = Buffer.from(text, "base64url");
  return found.byteLength === expected.byteLength && timingSafeEqual(found, expected);
}

function whole(role: AttachmentRole, bytes: Uint8Array): Kept {
  return { role, bytes, isTruncated: false };
}

function digestBytes(sha256: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw invalid("a body's digest is not SHA-256 in hex");
  return Buffer.from(sha256, "hex");
}

/** Ids and versions are ours: no `@`, no `/`, no space, so neither an e-mail nor a resource name gets in by mistake. */
function opaque(name: string, value: string | undefined): string | undefined {
  if (value === undefined || /^[A-Za-z0-9_-]{1,128}$/.test(value)) return value;
  throw invalid(`its ${name} is not an opaque id`);
}

function publicName(name: string, value: string | undefined): string | undefined {
  if (value === undefined || /^[A-Za-z0-9_.-]{1,256}$/.test(value)) return value;
  throw invalid(`its ${name} is not a public name`);
}

function count(name: string, value: number | undefined): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return value;
  throw invalid(`its ${name} is not a count`);
}

function invalid(why: string): GatehouseError {
  return new GatehouseError("entry_invalid", `This entry cannot be recorded: ${why}.`);
}
