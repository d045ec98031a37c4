import { DataKeys, type KeyProvider, type OpenAuditLog, openAuditLog } from "#audit";
import type { LogKey } from "#keys";
import { systemClock } from "#lib/clock";
import { systemTimer } from "#lib/timer";
import { auditStore, type Database } from "../../src/storage/stores/index.ts";
import { say } from "../figure.ts";
import type { Engine, Filling, Place } from "./engine.ts";
import { logRows } from "./log-rows.ts";

export interface Custody {
  readonly signer: LogKey;
  readonly provider: KeyProvider;
}

export interface BuiltLog {
  readonly place: Place;
  readonly entries: number;
}

/** Logs of one engine: without an entry, of a size that everything is quick with, and of the size that was promised for. */
export interface Logs {
  readonly engine: Engine;
  readonly none: BuiltLog;
  readonly small: BuiltLog;
  readonly large: BuiltLog;
}

export interface Sizes {
  readonly small: number;
  readonly large: number;
}

/** The same rows into each engine, each made once. */
export async function buildLogs(engines: readonly Engine[], sizes: Sizes, custody: Custody): Promise<Logs[]> {
  const logs: Logs[] = [];
  for (const engine of engines) {
    const build = async (entries: number) => ({ place: await engine.newPlace(), entries });
    const [none, small, large] = [await build(0), await build(sizes.small), await build(sizes.large)];
    logs.push({ engine, none, small, large });
  }
  await fillAll(
    logs.map(({ small }) => small),
    sizes.small,
    custody,
  );
  await fillAll(
    logs.map(({ large }) => large),
    sizes.large,
    custody,
  );
  return logs;
}

async function fillAll(logs: readonly BuiltLog[], entries: number, custody: Custody): Promise<void> {
  const started = performance.now();
  const fillings: Filling[] = [];
  for (const { place } of logs) fillings.push(await place.fill());
  let adding: Promise<unknown> = Promise.resolve();
  let done = 0;
  for await (const rows of logRows(entries, custody)) {
    await adding;
    done += rows.audit_entry.length;
    if (done % entriesOfNotice === 0) say(`${done} of ${entries} entries made`);
    // Goes on while the next rows are made, where the engine is a process of its own.
    adding = Promise.all(fillings.map((filling) => filling.add(rows)));
  }
  await adding;
  await Promise.all(fillings.map((filling) => filling.finish(entries)));
  say(`a log of ${entries} entries written in ${Math.round((performance.now() - started) / 1000)} s`);
}

const entriesOfNotice = 100_000;

/** As the server opens it, timers and all. */
export function openLog(database: Database, { signer, provider }: Custody): Promise<OpenAuditLog> {
  const store = auditStore(database);
  return openAuditLog({
    store,
    keys: new DataKeys(store, [provider]),
    signer,
    clock: systemClock,
    timer: systemTimer,
    onFailed: (error) => {
      throw error;
    },
  });
}
