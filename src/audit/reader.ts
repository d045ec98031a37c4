import { z } from "zod";
import { assert, GatehouseError } from "#lib/errors";
import { type Keyring, openAttachment } from "./attachment.ts";
import type { DataKeys } from "./data-keys.ts";
import { type Leaf, parseLeaf } from "./leaf.ts";
import type { AuditStore, EntryWithDetail, LogSource, NewestExchanges } from "./store.ts";

/** What the `detail` of an exchange's entries says to people. Any of its entries may say any part of it. */
export interface ExchangeDetail {
  readonly method?: string | undefined;
  readonly host?: string | undefined;
  readonly resource?: string | undefined;
  /** `policy/rule`. */
  readonly reasons?: readonly string[] | undefined;
  readonly maskedValues?: number | undefined;
}

const exchangeDetail = z.looseObject({
  method: z.string().optional().catch(undefined),
  host: z.string().optional().catch(undefined),
  resource: z.string().optional().catch(undefined),
  reasons: z.array(z.string()).optional().catch(undefined),
  maskedValues: z.int().optional().catch(undefined),
});

/** One exchange as its entries tell it. Same shape as the control plane's summary. */
export interface ExchangeRecord {
  readonly id: string;
  readonly sessionId: string | undefined;
  /** ISO 8601, of the first entry. */
  readonly at: string;
  readonly method: string;
  readonly host: string;
  readonly operation: string | undefined;
  readonly class: string | undefined;
  readonly resource: string | undefined;
  /** "none" when it was refused before anything was decided. */
  readonly decision: string;
  readonly reasons: readonly string[];
  readonly status: number | undefined;
  readonly outcome: "answered" | "refused" | "aborted" | "unknown" | "running";
  readonly approvalId: string | undefined;
  readonly maskedValues: number;
  readonly intentIndex: number | undefined;
  readonly outcomeIndex: number | undefined;
}

/** With what was recorded of it, as the recording module encoded it; `undefined` when there is none as committed. */
export interface ExchangeWithRecordings extends ExchangeRecord {
  readonly request: Uint8Array | undefined;
  readonly answer: Uint8Array | undefined;
}

/** For people and programs that look. It trusts the store; `verifyLog` is for those who do not. */
export interface AuditReader {
  /** Newest first. */
  exchanges(query: NewestExchanges): Promise<readonly ExchangeRecord[]>;
  exchange(id: string): Promise<ExchangeWithRecordings | undefined>;
}

export function openAuditReader(
  store: LogSource & Pick<AuditStore, "exchangeEntries">,
  keys: DataKeys,
): AuditReader {
  const keyring = { source: store, keys };
  return {
    async exchanges(query) {
      const stored = await store.exchangeEntries(query);
      const entries = await Promise.all(stored.map((entry) => read(entry, keyring)));
      return [...grouped(entries).entries()].map(([id, of]) => summarise(id, of)).reverse();
    },
    async exchange(id) {
      const stored = await store.exchangeEntries({ exchangeId: id });
      const entries = await Promise.all(stored.map((entry) => read(entry, keyring)));
      if (entries.length === 0) return undefined;
      return { ...summarise(id, entries), ...(await recordingsOf(store, entries, keyring)) };
    },
  };
}

interface ReadEntry {
  readonly index: number;
  readonly leaf: Leaf;
  readonly detail: ExchangeDetail;
}

async function read(entry: EntryWithDetail, keyring: Keyring): Promise<ReadEntry> {
  const leaf = parseLeaf(entry.leaf);
  if (leaf === undefined) {
    throw new GatehouseError(
      "audit_entry_unreadable",
      `Entry ${entry.index} of the log cannot be read. Run \`gatehouse audit verify\`.`,
    );
  }
  const opening = await openAttachment(leaf, "detail", { bytes: entry.detail }, keyring);
  // Tampering shows in verification; a listing goes on without the names.
  return { index: entry.index, leaf, detail: opening.kind === "opened" ? parseDetail(opening.bytes) : {} };
}

function parseDetail(bytes: Uint8Array): z.infer<typeof exchangeDetail> {
  try {
    return exchangeDetail.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch {
    return {}; // not JSON
  }
}

function grouped(entries: readonly ReadEntry[]): Map<string, ReadEntry[]> {
  const groups = new Map<string, ReadEntry[]>();
  for (const entry of entries) {
    const id = entry.leaf.exchange;
    assert(id !== undefined, "the store gives entries of exchanges");
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [entry]);
    else group.push(entry);
  }
  return groups;
}

const conclusions: ReadonlyMap<string, ExchangeRecord["outcome"]> = new Map([
  ["exchange.outcome", "answered"],
  ["exchange.refused", "refused"],
  ["exchange.aborted", "aborted"],
  ["outcome.unknown", "unknown"],
]);

function summarise(id: string, entries: readonly ReadEntry[]): ExchangeRecord {
  const last = <T>(pick: (entry: ReadEntry) => T | undefined): T | undefined =>
    entries.reduce<T | undefined>((found, entry) => pick(entry) ?? found, undefined);
  const intent = entries.find(({ leaf }) => leaf.kind === "exchange.intent");
  const conclusion = entries.findLast(({ leaf }) => conclusions.has(leaf.kind));
  return {
    id,
    sessionId: last(({ leaf }) => leaf.session),
    at: entries[0]?.leaf.t ?? "",
    method: last(({ detail }) => detail.method) ?? "",
    host: last(({ detail }) => detail.host) ?? "",
    operation: last(({ leaf }) => leaf.operation),
    class: last(({ leaf }) => leaf.class),
    resource: last(({ detail }) => detail.resource),
    decision: last(({ leaf }) => leaf.decision) ?? "none",
    reasons: last(({ detail }) => detail.reasons) ?? [],
    status: last(({ leaf }) => leaf.status),
    outcome: conclusions.get(conclusion?.leaf.kind ?? "") ?? "running",
    approvalId: last(({ leaf }) => leaf.approval),
    maskedValues: last(({ detail }) => detail.maskedValues) ?? 0,
    intentIndex: intent?.index,
    outcomeIndex: conclusion?.index,
  };
}

async function recordingsOf(
  source: LogSource,
  entries: readonly ReadEntry[],
  keyring: Keyring,
): Promise<Pick<ExchangeWithRecordings, "request" | "answer">> {
  let request: Uint8Array | undefined;
  let answer: Uint8Array | undefined;
  for (const { index, leaf } of entries) {
    for (const stored of await source.attachments(index, index + 1)) {
      if (stored.role !== "request" && stored.role !== "answer") continue;
      const opening = await openAttachment(leaf, stored.role, stored, keyring);
      if (opening.kind !== "opened") continue;
      if (stored.role === "request") request = opening.bytes;
      else answer = opening.bytes;
    }
  }
  return { request, answer };
}
