import { GatehouseError } from "#lib/errors";
import type { About } from "./about.ts";
import type { EntryAbout, EntryCursor, EntryQuery } from "./entry-query.ts";
import { isCommitted, type Leaf, parseLeaf } from "./leaf.ts";
import { type EntryStage, type SizesReached, stagesOf } from "./stage.ts";
import type { AuditStore, StoredAttachment } from "./store.ts";

/** An entry as a listing shows it. */
export interface ListedEntry {
  readonly index: number;
  /** In order; the last is how far it has come. */
  readonly stages: readonly EntryStage[];
  readonly leaf: Leaf;
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

/** What others have done with the log so far; the store itself knows what is published. */
export type SizesBeyond = () => Promise<Omit<SizesReached, "published">>;

export function openEntryReader(store: AuditStore, beyond: SizesBeyond): EntryReader {
  const sizesReached = async (): Promise<SizesReached> => ({
    published: (await store.newestCheckpoint())?.size ?? 0,
    ...(await beyond()),
  });
  return {
    async find(query) {
      const reached = await sizesReached();
      const { entries, next } = await store.findEntries(query);
      return { entries: entries.map((entry) => listed(entry, reached)), next };
    },
    async show(index) {
      const [entry] = await store.entries(index, 1);
      if (entry?.index !== index) return undefined;
      const shown = listed({ ...entry, about: await store.aboutOf(index) }, await sizesReached());
      return { ...shown, leafBytes: entry.leaf, leafHash: entry.leafHash, ...(await kept(store, shown)) };
    },
  };
}

function listed({ index, leaf: bytes, about }: EntryAbout, reached: SizesReached): ListedEntry {
  const leaf = parseLeaf(bytes);
  if (leaf !== undefined) return { index, stages: stagesOf(index, reached), leaf, about };
  throw new GatehouseError(
    "audit_entry_unreadable",
    `Entry ${index} of the log cannot be read. Run \`gatehouse audit verify\`.`,
  );
}

async function kept(
  store: AuditStore,
  { index, leaf }: ListedEntry,
): Promise<Pick<ShownEntry, "attachments" | "detail">> {
  const stored = await store.attachments(index, index + 1);
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

function stateOf(
  leaf: Leaf,
  found: StoredAttachment | undefined,
  key: Uint8Array | undefined,
): ShownAttachment["state"] {
  if (found === undefined) return "missing";
  if (found.bytes === undefined) return "erased";
  return key !== undefined && isCommitted(leaf, found.role, found.bytes, key) ? "as_committed" : "changed";
}
