import { createHash } from "node:crypto";
import type { AuditLog, NewEntry, Receipt } from "#audit";

export interface MemoryAuditLog extends AuditLog {
  readonly entries: NewEntry[];
  kinds(): string[];
  /** What an append of this kind has to wait for, or how it fails. */
  on(kind: NewEntry["kind"], meanwhile: () => Promise<void>): void;
  /** Everything in the log as text, to search for what must not be there. */
  text(): string;
}

/** Remembers entries and hands out receipts; durable for as long as a test lasts. */
export function memoryAuditLog(): MemoryAuditLog {
  const entries: NewEntry[] = [];
  const hooks = new Map<string, () => Promise<void>>();
  return {
    entries,
    kinds: () => entries.map((entry) => entry.kind),
    on: (kind, meanwhile) => {
      hooks.set(kind, meanwhile);
    },
    text: () =>
      entries
        .map((entry) => {
          const attached = (entry.attachments ?? []).map(({ bytes }) =>
            Buffer.from(bytes).toString("latin1"),
          );
          return JSON.stringify({ ...entry, attachments: undefined }) + attached.join("");
        })
        .join("\n"),
    append: async (entry): Promise<Receipt> => {
      await hooks.get(entry.kind)?.();
      entries.push(entry);
      const leafHash = createHash("sha256")
        .update(JSON.stringify(entry.detail ?? {}))
        .digest();
      return { origin: "gatehouse.example/log", index: entries.length - 1, leafHash };
    },
  };
}
