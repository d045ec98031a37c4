import { createHmac, randomBytes } from "node:crypto";
import { type About, DataKeys, type Keyring } from "#audit";
import type { OutgoingEntry, SinkStore } from "#sinks";
import { hashLeaf } from "#tlog";

export interface MemorySinkStore extends SinkStore {
  readonly log: OutgoingEntry[];
  readonly cursors: Map<string, number>;
  published: number;
  /** For details, which are here in the form of versions before sealing. */
  readonly keyring: Keyring;
  /** Entries, published at once. */
  grow(count: number, said?: { readonly about?: About; readonly detail?: string; readonly t?: string }): void;
  /** Called before a cursor advances; what it throws is a crash. */
  beforeAdvance: () => Promise<void>;
}

/** A log and cursors that outlive the deliveries over them, as a database does. */
export function memorySinkStore(): MemorySinkStore {
  const log: OutgoingEntry[] = [];
  const cursors = new Map<string, number>();
  const key = randomBytes(32);
  const nowhere = { head: async () => undefined, dataKey: async () => ({ kind: "missing" as const }) };
  const store: MemorySinkStore = {
    log,
    cursors,
    published: 0,
    keyring: { source: { macKey: async () => ({ kind: "key", key }) }, keys: new DataKeys(nowhere, []) },
    beforeAdvance: () => Promise.resolve(),
    grow(count, { about = {}, detail, t = "2026-11-24T12:00:00.000Z" } = {}) {
      for (let more = 0; more < count; more += 1) {
        const id = `rec_${log.length}`;
        const mac = createHmac("sha256", key)
          .update(`detail\n${id}\n`)
          .update(detail ?? "");
        const bytes = Buffer.byteLength(detail ?? "");
        const said = {
          v: 1,
          kind: "exchange.outcome",
          id,
          t,
          class: "read",
          status: 200,
          ...(detail === undefined
            ? {}
            : { attachments: [{ role: "detail", bytes, mac: mac.digest("base64url") }] }),
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
