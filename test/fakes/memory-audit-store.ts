import { z } from "zod";
import type {
  About,
  AuditStore,
  EntryCursor,
  EntryFilter,
  NewestExchanges,
  StoredAttachment,
  StoredCheckpoint,
  StoredDataKey,
  StoredEntry,
} from "#audit";

/** An audit store in memory whose contents a test may look at, and tamper with, as somebody who owns the disk could. */
export interface MemoryAuditStore extends AuditStore {
  origin: string | undefined;
  next: number;
  stored: StoredEntry[];
  beside: StoredAttachment[];
  signed: StoredCheckpoint[];
  /** Of entries that were written in clear. */
  keys: Map<string, Uint8Array | undefined>;
  dataKeys: Map<string, StoredDataKey>;
  readonly abouts: Map<number, About>;
  /** What the next writes do instead of storing: `throw` leaves the outcome open. */
  fault: "none" | "refuse" | "throw";
}

const concluding = ["exchange.outcome", "exchange.aborted", "exchange.refused", "outcome.unknown"];

const members = z.object({
  kind: z.string().optional(),
  session: z.string().optional(),
  exchange: z.string().optional(),
  t: z.string().optional(),
  operation: z.string().optional(),
  class: z.string().optional(),
  decision: z.string().optional(),
  status: z.number().optional(),
});

function membersOf(leaf: Uint8Array): z.infer<typeof members> {
  return members.parse(JSON.parse(Buffer.from(leaf).toString("utf8")));
}

export function memoryAuditStore(): MemoryAuditStore {
  const refused = { kind: "refused", why: "the fake has no room" } as const;
  const faulty = (): boolean => {
    if (store.fault === "throw") throw new Error("the fake's disk is gone");
    return store.fault === "refuse";
  };
  const store: MemoryAuditStore = {
    origin: undefined,
    next: 0,
    stored: [],
    beside: [],
    signed: [],
    keys: new Map(),
    dataKeys: new Map(),
    abouts: new Map(),
    fault: "none",
    async head() {
      return store.origin === undefined ? undefined : { origin: store.origin, size: store.next };
    },
    async entries(from, limit) {
      const found = store.stored.filter(({ index }) => index >= from);
      return found.sort((one, other) => one.index - other.index).slice(0, limit);
    },
    async attachments(from, to) {
      return store.beside
        .filter(({ index }) => index >= from && index < to)
        .sort((one, other) => one.index - other.index || (one.role < other.role ? -1 : 1));
    },
    async checkpoints(after, limit) {
      return store.signed.filter(({ number }) => number > after).slice(0, limit);
    },
    async newestCheckpoint() {
      return store.signed.at(-1);
    },
    async macKey(keyId) {
      if (!store.keys.has(keyId)) return { kind: "missing" };
      const key = store.keys.get(keyId);
      return key === undefined ? { kind: "erased" } : { kind: "key", key };
    },
    async dataKey(keyId) {
      return store.dataKeys.get(keyId) ?? { kind: "missing" };
    },
    async create(origin) {
      if (faulty()) return refused;
      store.origin ??= origin;
      return { kind: "stored" };
    },
    async append({ leaf, leafHash, attachments, about, keyId }) {
      if (faulty()) return refused;
      if (store.dataKeys.get(keyId ?? "")?.kind === "erased") return { kind: "declined", why: "key_erased" };
      const index = store.next;
      store.next += 1;
      store.abouts.set(index, about);
      store.stored.push({ index, leaf: new Uint8Array(leaf), leafHash: new Uint8Array(leafHash) });
      store.beside.push(
        ...attachments.map(({ role, bytes }) => ({ index, role, bytes: new Uint8Array(bytes) })),
      );
      return { kind: "stored", index };
    },
    async addCheckpoint(checkpoint) {
      if (faulty()) return refused;
      store.signed.push({ ...checkpoint, number: store.signed.length + 1 });
      return { kind: "stored" };
    },
    async keepDataKey({ keyId, wrapped, by }) {
      if (faulty()) return refused;
      const kept = store.dataKeys.get(keyId) ?? { kind: "wrapped", by, bytes: new Uint8Array(wrapped) };
      store.dataKeys.set(keyId, kept);
      return kept;
    },
    async unfinishedIntents() {
      return store.stored.filter(({ index, leaf }) => {
        const { kind, exchange } = membersOf(leaf);
        if (kind !== "exchange.intent" || exchange === undefined) return false;
        return !store.stored.some((later) => {
          const other = membersOf(later.leaf);
          return later.index > index && other.exchange === exchange && concluding.includes(other.kind ?? "");
        });
      });
    },
    async exchangeEntries(query) {
      const wanted = new Set<string>();
      for (const { leaf } of store.stored) {
        const { exchange, session } = membersOf(leaf);
        if (exchange === undefined) continue;
        if (
          "exchangeId" in query ? exchange === query.exchangeId : (query.sessionId ?? session) === session
        ) {
          wanted.add(exchange);
        }
      }
      const newest = "limit" in query ? newestOf([...wanted], query) : [...wanted];
      return store.stored
        .filter(({ leaf }) => newest.includes(membersOf(leaf).exchange ?? ""))
        .map((entry) => ({
          ...entry,
          detail: store.beside.find(({ index, role }) => index === entry.index && role === "detail")?.bytes,
        }));
    },
    async attachment(index, role) {
      return store.beside.find((each) => each.index === index && each.role === role);
    },
    async aboutOf(index) {
      return store.abouts.get(index) ?? {};
    },
    async findEntries({ filter, before, limit }) {
      const found = store.stored
        .map((entry) => ({ ...entry, about: store.abouts.get(entry.index) ?? {} }))
        .map((entry) => ({ entry, cursor: { t: membersOf(entry.leaf).t ?? "", index: entry.index } }))
        .filter(({ cursor }) => before === undefined || isBefore(cursor, before))
        .filter(({ entry }) => fits({ ...membersOf(entry.leaf), ...entry.about }, filter))
        .sort((one, other) => (isBefore(one.cursor, other.cursor) ? 1 : -1));
      const page = found.slice(0, limit);
      return {
        entries: page.map(({ entry, cursor }) => ({ ...entry, t: cursor.t })),
        next: found.length > limit ? page.at(-1)?.cursor : undefined,
      };
    },
  };
  return store;
}

function newestOf(ids: readonly string[], { before, limit }: NewestExchanges): readonly string[] {
  return ids
    .filter((id) => before === undefined || id < before)
    .sort()
    .slice(-limit);
}

function isBefore(one: EntryCursor, other: EntryCursor): boolean {
  return one.t < other.t || (one.t === other.t && one.index < other.index);
}

function fits(entry: z.infer<typeof members> & About, { from, to, ...exact }: EntryFilter): boolean {
  const t = entry.t ?? "";
  if ((from !== undefined && t < from) || (to !== undefined && t >= to)) return false;
  const said: Readonly<Record<string, unknown>> = { ...entry };
  return Object.entries(exact).every(([name, value]) => value === undefined || said[name] === value);
}
