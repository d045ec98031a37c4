import type { About } from "./about.ts";
import type { EntryAbout, EntryCursor, EntryQuery } from "./entry-query.ts";
import { isCommitted, type Leaf, parseLeaf } from "./leaf.ts";
import type { AuditStore, StoredAttachment } from "./store.ts";
import { findText, type ReadableEntry } from "./text-search.ts";

/** An entry as a listing shows it. */
export interface ListedEntry {
  readonly index: number;
  /** `published`: under a signed checkpoint. `durable`: on disk, and under one within a second. */
  readonly stage: "durable" | "published";
  /** `undefined` when the stored bytes are no entry that this version can read: verifying the log says more. */
  readonly leaf: Leaf | undefined;
  readonly about: About;
}

/** What an entry commits to, and what became of it. */
export interface ShownAttachment {
  readonly role: string;
  /** Length in bytes. */
  readonly bytes: number;
  readonly state: "as_committed" | "changed" | "erased" | "missing";
}

/** One entry in full. */
export interface ShownEntry extends ListedEntry {
  /** The exact bytes that were hashed. */
  readonly leafBytes: Uint8Array;
  readonly leafHash: Uint8Array;
  readonly attachments: readonly ShownAttachment[];
  /** The detail in clear, JSON; `undefined` when there is none, or it is not as committed. */
  readonly detail: string | undefined;
}

/** Finds and shows entries. It trusts the store's answers to be whole; `verifyLog` and proofs are for those who do not. */
export interface EntryReader {
  find(query: EntryQuery): Promise<{ entries: readonly ListedEntry[]; next: EntryCursor | undefined }>;
  show(index: number): Promise<ShownEntry | undefined>;
}

export function openEntryReader(store: AuditStore): EntryReader {
  const signedSize = async (): Promise<number> => (await store.newestCheckpoint())?.size ?? 0;
  return {
    async find(query) {
      const signed = await signedSize();
      const { entries, next } =
        query.text === undefined
          ? await store.findEntries(query)
          : await findText(store, { ...query, text: query.text }, (entry, role) =>
              opened(store, entry, role),
            );
      return { entries: entries.map((entry) => listed(entry, signed)), next };
    },
    async show(index) {
      const [entry] = await store.entries(index, 1);
      if (entry?.index !== index) return undefined;
      const shown = listed({ ...entry, about: await store.aboutOf(index) }, await signedSize());
      return { ...shown, leafBytes: entry.leaf, leafHash: entry.leafHash, ...(await kept(store, shown)) };
    },
  };
}

function listed({ index, leaf, about }: Omit<EntryAbout, "t">, signedSize: number): ListedEntry {
  return { index, stage: index < signedSize ? "published" : "durable", leaf: parseLeaf(leaf), about };
}

/** The bytes of one attachment in clear; `undefined` unless they are there and as committed. */
async function opened(
  store: AuditStore,
  { index, leaf }: ReadableEntry,
  role: string,
): Promise<Uint8Array | undefined> {
  if (leaf.key === undefined || leaf.attachments?.some((each) => each.role === role) !== true)
    return undefined;
  const [found, key] = await Promise.all([store.attachment(index, role), store.macKey(leaf.key)]);
  if (found?.bytes === undefined || key.kind !== "key") return undefined;
  return isCommitted(leaf, role, found.bytes, key.key) ? found.bytes : undefined;
}

async function kept(
  store: AuditStore,
  { index, leaf }: ListedEntry,
): Promise<Pick<ShownEntry, "attachments" | "detail">> {
  const stored = await store.attachments(index, index + 1);
  // What the entry committed to is not known any more; what is there is said to be.
  if (leaf === undefined) return { attachments: stored.map(unvouched), detail: undefined };
  const macKey = leaf.key === undefined ? undefined : await store.macKey(leaf.key);
  const key = macKey?.kind === "key" ? macKey.key : undefined;
  const attachments = (leaf.attachments ?? []).map(({ role, bytes }) => {
    const found = stored.find((each) => each.role === role);
    return { role, bytes, state: stateOf(leaf, found, key) };
  });
  const isSound = attachments.some(({ role, state }) => role === "detail" && state === "as_committed");
  const detail = isSound ? stored.find(({ role }) => role === "detail")?.bytes : undefined;
  return { attachments, detail: detail && Buffer.from(detail).toString("utf8") };
}

function unvouched({ role, bytes }: StoredAttachment): ShownAttachment {
  return { role, bytes: bytes?.byteLength ?? 0, state: bytes === undefined ? "erased" : "changed" };
}

function stateOf(
  leaf: Leaf,
  found: StoredAttachment | undefined,
  key: Uint8Array | undefined,
): ShownAttachment["state"] {
  if (found === undefined) return "missing";
  if (found.bytes === undefined) return "erased";
  return key !== undefined && isCommitted(leaf, found.role, found.bytes, key) ? "as_committed" : "changed";
}
