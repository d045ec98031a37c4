import type { OpenAuditLog } from "#audit";
import { systemClock } from "#lib/clock";
import { newId } from "#lib/ids";
import type { Database } from "../../src/storage/stores/index.ts";
import { type Figure, median, say, timed } from "../figure.ts";
import { type BuiltLog, type Custody, type Logs, openLog } from "./build-logs.ts";
import { type Rival, writers } from "./engine.ts";

const rowsOfRound = 1_600;
const rounds = 5;

/** A row of figures: who inserts, and how long a round took each time, in milliseconds. */
interface Contender extends Rival {
  readonly times: number[];
}

/**
 * Durable appends of 32 writers, each waiting for its own, into a log without entries and into the large one, against bare
 * inserts on the same engine. The rounds take turns, so that a busy minute slows down all of them.
 */
export async function measureAppends(
  { engine, none, large }: Logs,
  custody: Custody,
): Promise<readonly Figure[]> {
  say(`${engine.name}: appending`);
  const opened = [await openServed(none, custody), await openServed(large, custody)];
  const bare = await engine.openBare();
  const contenders = opened.map(({ entries, log }) => ({
    what: `audit log, ${writers} writers, at ${entries} entries`,
    insert: (rows: number) => append(log, rows),
    times: [],
  }));
  const rivals = [bare.loop, ...bare.others].map((rival) => ({ ...rival, times: [] }));
  await takeTurns([...contenders, ...rivals]);
  await bare.close();
  for (const { log, database } of opened) {
    await log.close();
    await database.close();
  }
  return figuresOf(engine.name, contenders, rivals);
}

async function openServed({ place, entries }: BuiltLog, custody: Custody) {
  const database: Database = await place.openForServing();
  return { database, entries, log: await openLog(database, custody) };
}

async function takeTurns(contenders: readonly Contender[]): Promise<void> {
  for (let round = 0; round <= rounds; round += 1) {
    for (const { insert, times } of contenders) {
      const ms = await timed(() => insert(rowsOfRound));
      // The first round fills caches and pages, and does not count.
      if (round > 0) times.push(ms);
    }
  }
}

function figuresOf(engine: string, ours: readonly Contender[], rivals: readonly Contender[]): Figure[] {
  const speed = ({ what, times }: Contender, prefix = ""): Figure => ({
    what: `${engine}: ${prefix}${what}`,
    value: (rowsOfRound * 1_000) / median(times),
    unit: "/s",
  });
  const ratios = ours.flatMap((our) =>
    rivals.map((rival, index) => ({
      what: `${engine}: ${our.what} / ${rival.what}`,
      value: median(rival.times) / median(our.times),
      unit: "×",
      ...(index === 0 ? { boundMin: 0.5 } : {}),
    })),
  );
  return [
    ...ours.map((our) => speed(our)),
    ...rivals.map((rival) => speed(rival, "bare inserts, ")),
    ...ratios,
  ];
}

async function append(log: OpenAuditLog, entries: number): Promise<void> {
  let left = entries;
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await log.append({
        kind: "exchange.intent",
        sessionId: "ses_bench",
        exchangeId: newId("exc", systemClock),
        operation: "storage.objects.get",
        class: "read",
        decision: "allow",
        policyVersion: "9f86d081884c7d65",
        detail: {
          method: "GET",
          host: "storage.googleapis.com",
          principal: { email: "person-7@example.com" },
          agent: "codex",
          resource: `projects/acme/buckets/bucket-0/objects/object-${left}`,
          reasons: ["agents/reads"],
        },
      });
    }
  };
  await Promise.all(Array.from({ length: writers }, work));
}
