import type { Configuration } from "#config";
import { type Custody, type Keep, openCustody } from "#custody";
import type { Identity } from "#identity";
import { systemClock as clock } from "#lib/clock";
import { systemTimer as timer } from "#lib/timer";
import type { Logger } from "#telemetry";
import { custodyStore } from "../storage/stores/index.ts";
import type { Memory } from "./memory.ts";

/** Holds, erasures and retention of the recordings that the memory keeps. */
export function openServerCustody(
  { recordings }: Pick<Configuration, "recordings">,
  { database, audit, keys }: Memory,
  { sessions, log }: { readonly sessions: Pick<Identity["sessions"], "find">; readonly log: Logger },
): Promise<Custody> {
  return openCustody({
    store: custodyStore(database),
    audit,
    keys,
    isRunning: async (sessionId) => (await sessions.find(sessionId)).kind === "running",
    keep: keepOf(recordings.keep),
    clock,
    timer,
    onFailure: (error) => log.error({ err: error }, "retention of recordings"),
  });
}

function keepOf(written: Configuration["recordings"]["keep"]): Keep | undefined {
  if (written === undefined) return undefined;
  const { default: defaultDays, ...byClass } = written;
  const daysByClass = Object.fromEntries(
    Object.entries(byClass).flatMap(([name, days]) => (days === undefined ? [] : [[name, days]])),
  );
  return { defaultDays, daysByClass };
}
