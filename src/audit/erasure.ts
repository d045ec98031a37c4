import { z } from "zod";
import { type Keyring, openAttachment } from "./attachment.ts";
import { type Leaf, parseLeaf } from "./leaf.ts";
import type { LogSource, StoredEntry } from "./store.ts";

/** That the recordings of a session were erased, as its `key.shred` entry tells it. */
export interface Erasure {
  readonly sessionId: string;
  /** Of the entry that says so. */
  readonly index: number;
  /** ISO 8601. */
  readonly at: string;
  /** `erasure`: two auditors; `retention`: the time to keep it was over. */
  readonly cause: string;
  /** Why and by whom; `undefined` when the entry's detail could not be read. */
  readonly reason: string | undefined;
  readonly requestedBy: string | undefined;
  readonly confirmedBy: string | undefined;
}

const text = z.string().optional().catch(undefined);
const shredDetail = z.looseObject({ reason: text, requestedBy: text, confirmedBy: text }).catch({});

/** `undefined` for entries of other kinds. */
export async function erasureOf(
  { index, leaf }: { readonly index: number; readonly leaf: Leaf },
  source: LogSource,
  keyring: Keyring,
): Promise<Erasure | undefined> {
  if (leaf.kind !== "key.shred" || leaf.session === undefined) return undefined;
  const stored = await source.attachments(index, index + 1);
  const detail = stored.find(({ role }) => role === "detail");
  const opening = await openAttachment(leaf, "detail", detail, keyring);
  const said = opening.kind === "opened" ? parseDetail(opening.bytes) : {};
  return {
    sessionId: leaf.session,
    index,
    at: leaf.t,
    cause: leaf.decision ?? "unknown",
    reason: said.reason,
    requestedBy: said.requestedBy,
    confirmedBy: said.confirmedBy,
  };
}

/** The erasure among these entries, if there is one. */
export async function findErasure(
  entries: readonly StoredEntry[],
  source: LogSource,
  keyring: Keyring,
): Promise<Erasure | undefined> {
  for (const { index, leaf: bytes } of entries) {
    const leaf = parseLeaf(bytes);
    const erasure = leaf && (await erasureOf({ index, leaf }, source, keyring));
    if (erasure !== undefined) return erasure;
  }
  return undefined;
}

function parseDetail(bytes: Uint8Array): z.infer<typeof shredDetail> {
  try {
    return shredDetail.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch {
    return {}; // not JSON
  }
}
