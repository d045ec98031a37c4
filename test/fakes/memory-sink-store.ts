import type { About } from "#audit";
import type { OutgoingEntry, SinkStore } from "#sinks";
import { hashLeaf } from "#tlog";

export interface MemorySinkStore extends SinkStore {
  readonly log: OutgoingEntry[];
  readonly cursors: Map<string, number>;
  published: number;
  /** Entries, published at once. */
  grow(count: number, said?: { readonly about?: About; readonly detail?: string; readonly t?: string }): void;
  /** Called before a cursor advances; what it throws is a crash. */
  beforeAdvance: () => Promise<void>;
}

/** A log and cursors that outlive the deliveries over them, as a database does. */
export function memorySinkStore(): MemorySinkStore {
  const log: OutgoingEntry[] = [];
  const cursors = new Map<string, number>();
  const store: MemorySinkStore = {
    log,
    cursors,
    published: 0,
    beforeAdvance: () => Promise.resolve(),
    grow(count, { about = {}, detail, t = "2026-11-24T12:00:00.000Z" } = {}) {
      for (let more = 0; more < count; more += 1) {
        const said = {
          v: 1,
          kind: "exchange.outcome",
          id: `rec_${log.length}`,
          t,
          class: "read",
          status: 200,
        };
        const leaf = Buffer.from(JSON.stringify(said));
        log.push({
          index: log.length,
          leaf,
          leafHash: hashLeaf(leaf),
          about,
          detail: detail === undefined ? undefined : Buffer.from(detail),
        });
      }
      store.published = log.length;
    },
    publishedSize: async () => store.published,
    entries: async ({ from, to }, withDetail) =>
      log
        .filter(({ index }) => index >= from && index < to)
        .map((entry) => (withDetail ? entry : { ...entry, detail: undefined })),
    cursor: async (sink) => cursors.get(sink) ?? 0,
    advance: async (sink, { from, to }) => {
      await store.beforeAdvance();
      if ((cursors.get(sink) ?? 0) !== from) return false;
      cursors.set(sink, to);
      return true;
    },
    move: async (sink, to) => void cursors.set(sink, to),
  };
  return store;
}
