import type { AuditStore, EntryCursor, EntryFilter } from "#audit";
import { auditStore } from "../../src/storage/stores/index.ts";
import { type Figure, median, timed } from "../figure.ts";
import type { Logs } from "./build-logs.ts";
import { exchangeOf, resourceOf, sessionOf, timeOf } from "./entries.ts";

interface Question {
  readonly what: string;
  readonly filter: EntryFilter;
  readonly before?: EntryCursor;
}

const session = sessionOf(7);
const resource = resourceOf(0, 7);
const iso = (n: number): string => timeOf(n).toISOString();

/** Each filter alone, some together, and places deep in the log; all of them fill a page of either log but where it is said. */
const questions: readonly Question[] = [
  { what: "everything", filter: {} },
  { what: "time", filter: { from: iso(2_000), to: iso(8_000) } },
  { what: "principal", filter: { principal: "person-7@example.com" } },
  { what: "agent", filter: { agent: "codex" } },
  { what: "session", filter: { session } },
  { what: "exchange (two entries)", filter: { exchange: exchangeOf(77) } },
  { what: "operation", filter: { operation: "compute.instances.list" } },
  { what: "resource", filter: { resource } },
  { what: "class", filter: { class: "secret_read" } },
  { what: "decision", filter: { decision: "allow" } },
  { what: "status", filter: { status: 409 } },
  { what: "kind", filter: { kind: "exchange.outcome" } },
  {
    what: "principal and operation",
    filter: { principal: "person-7@example.com", operation: "storage.objects.get" },
  },
  { what: "session and class", filter: { session, class: "read" } },
  { what: "agent and class", filter: { agent: "codex", class: "secret_read" } },
  { what: "class and kind", filter: { class: "write", kind: "exchange.outcome" } },
  {
    what: "operation and time",
    filter: { operation: "storage.objects.insert", from: iso(2_000), to: iso(8_000) },
  },
  {
    what: "operation and a rare decision (a thousand looked at)",
    filter: { operation: "storage.objects.get", decision: "policy_denied" },
  },
  {
    what: "class, after the 5,000th entry",
    filter: { class: "read" },
    before: { t: iso(5_000), index: 5_000 },
  },
];
const pageEntries = 50;
const rounds = 151;

/** The same page of both logs, in turns, so that whatever else the machine does meets both. */
export async function measurePages({ engine, small, large }: Logs): Promise<readonly Figure[]> {
  const databases = [await small.place.openForReading(), await large.place.openForReading()] as const;
  const [ofSmall, ofLarge] = [auditStore(databases[0]), auditStore(databases[1])];
  const figures: Figure[] = [];
  let slowest = 0;
  for (const question of questions) {
    const times = { small: [] as number[], large: [] as number[] };
    for (let round = 0; round < rounds; round += 1) {
      times.small.push(await timed(() => askPage(ofSmall, question)));
      times.large.push(await timed(() => askPage(ofLarge, question)));
    }
    slowest = Math.max(slowest, median(times.large));
    const value = median(times.large) / median(times.small);
    figures.push({ what: `${engine.name}: a page by ${question.what}`, value, unit: "×", bound: 2 });
  }
  await Promise.all(databases.map((database) => database.close()));
  const what = `${engine.name}: the slowest of these pages, ${large.entries} entries`;
  return [...figures, { what, value: slowest, unit: "ms" }];
}

async function askPage(store: AuditStore, { what, filter, before }: Question): Promise<void> {
  const found = await store.findEntries({ filter, before, limit: pageEntries });
  if (found.entries.length === 0) throw new Error(`nothing was found by ${what}`);
}
