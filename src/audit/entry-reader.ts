import type { About } from "./about.ts";
import { type Opening, openAttachment } from "./attachment.ts";
import type { DataKeys } from "./data-keys.ts";
import type { EntryCursor, EntryQuery } from "./entry-query.ts";
import { type Erasure, findErasure } from "./erasure.ts";
import { type Leaf, parseLeaf } from "./leaf.ts";
import { type EntryStage, type SizesReached, stagesOf } from "./stage.ts";
import type { AuditStore, EntryAbout, StoredAttachment } from "./store.ts";
import { findText, type ReadAttachment } from "./text-search.ts";

/** An entry as a listing shows it. */
export interface ListedEntry {
  readonly index: number;
  /** In order; the last is how far it has come. */
  readonly stages: readonly EntryStage[];
  /** `undefined` when the stored bytes are no entry that this version can read: verifying the log says more. */
  readonly leaf: Leaf | undefined;
  readonly about: About;
}

/** What an entry commits to, and what became of it. */
export interface ShownAttachment {
  readonly role: string;
  /** Length in bytes, in clear. */
  readonly bytes: number;
  /** `locked`: the stored bytes are as committed, but their key cannot be had here and now. */
  readonly state: "as_committed" | "changed" | "erased" | "missing" | "locked";
}

/** One entry in full. */
export interface ShownEntry extends ListedEntry {
  /** The exact bytes that were hashed. */
  readonly leafBytes: Uint8Array;
  readonly leafHash: Uint8Array;
  readonly attachments: readonly ShownAttachment[];
  /** The detail in clear, JSON; `undefined` when there is none, or it is not as committed. */
  readonly detail: string | undefined;
  /** What became of the recordings of the entry's session, if they were erased. */
  readonly erasure: Erasure | undefined;
}

/** Finds and shows entries. It trusts the store's answers to be whole; `verifyLog` and proofs are for those who do not. */
export interface EntryReader {
  find(query: EntryQuery): Promise<{ entries: readonly ListedEntry[]; next: EntryCursor | undefined }>;
  show(index: number): Promise<ShownEntry | undefined>;
  /** The erasure of a session's recordings; `undefined` when they were not erased. */
  erasureOf(sessionId: string): Promise<Erasure | undefined>;
}

/** What others have done with the log so far; the store itself knows what is published. */
export type SizesBeyond = () => Promise<Omit<SizesReached, "published">>;

export interface EntryReaderParts {
  readonly keys: DataKeys;
  readonly beyond: SizesBeyond;
}

export function openEntryReader(store: AuditStore, { keys, beyond }: EntryReaderParts): EntryReader {
  const erasure = async (session: string): Promise<Erasure | undefined> => {
    const shreds = await store.findEntries({ filter: { session, kind: "key.shred" }, limit: 1 });
    return findErasure(shreds.entries, store, { source: store, keys });
  };
  const sizesReached = async (): Promise<SizesReached> => ({
    published: (await store.newestCheckpoint())?.size ?? 0,
    ...(await beyond()),
  });
  const read: ReadAttachment = async ({ index, leaf }, role) => {
    if (leaf.attachments?.some((each) => each.role === role) !== true) return undefined;
    const found = await store.attachment(index, role);
    const opening = await openAttachment(leaf, role, found, { source: store, keys });
    return opening.kind === "opened" ? opening.bytes : undefined;
  };
  return {
    async find(query) {
      const { text } = query;
      const reached = await sizesReached();
      const { entries, next } =
        text === undefined ? await store.findEntries(query) : await findText(store, { ...query, text }, read);
      return { entries: entries.map((entry) => listed(entry, reached)), next };
    },
    async show(index) {
      const [entry] = await store.entries(index, 1);
      if (entry?.index !== index) return undefined;
      const shown = listed({ ...entry, about: await store.aboutOf(index) }, await sizesReached());
      const session = shown.leaf?.session;
      return {
        ...shown,
        leafBytes: entry.leaf,
        leafHash: entry.leafHash,
        ...(await kept(shown, store, keys)),
        erasure: session === undefined ? undefined : await erasure(session),
      };
    },
    erasureOf: erasure,
  };
}

function listed({ index, leaf, about }: Omit<EntryAbout, "t">, reached: SizesReached): ListedEntry {
  return { index, stages: stagesOf(index, reached), leaf: parseLeaf(leaf), about };
}

async function kept(
  { index, leaf }: ListedEntry,
  store: AuditStore,
  keys: DataKeys,
): Promise<Pick<ShownEntry, "attachments" | "detail">> {
  const stored = await store.attachments(index, index + 1);
  // What the entry committed to is not known any more; what is there is said to be.
  if (leaf === undefined) return { attachments: stored.map(unvouched), detail: undefined };
  const attachments: ShownAttachment[] = [];
  let detail: string | undefined;
  for (const { role, bytes } of leaf.attachments ?? []) {
    const found = stored.find((each) => each.role === role);
    const opening = await openAttachment(leaf, role, found, { source: store, keys });
    attachments.push({ role, bytes, state: stateOf(opening) });
    if (role === "detail" && opening.kind === "opened") detail = Buffer.from(opening.bytes).toString("utf8");
  }
  return { attachments, detail };
}

function unvouched({ role, bytes }: StoredAttachment): ShownAttachment {
  return { role, bytes: bytes?.byteLength ?? 0, state: bytes === undefined ? "erased" : "changed" };
}

function stateOf({ kind }: Opening): ShownAttachment["state"] {
  if (kind === "opened") return "as_committed";
  // Whoever takes a key away without an erasure has changed what is kept.
  return kind === "keyless" ? "changed" : kind;
}
