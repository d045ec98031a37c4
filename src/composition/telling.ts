import type { LogSource, OpenAuditLog } from "#audit";
import type { Configuration } from "#config";
import type { Readiness } from "#control";
import { systemClock as clock } from "#lib/clock";
import { systemTimer as timer } from "#lib/timer";
import { openSinks, type SinkStatus, type Sinks } from "#sinks";
import { type Logger, type MetricsSource, openMetrics, openMetricsListener } from "#telemetry";
import { sinkStore } from "../storage/stores/index.ts";
import { countedLog } from "./counted-log.ts";
import type { Memory } from "./memory.ts";
import { packageVersion } from "./server-description.ts";
import { sinkOf } from "./sinks.ts";

/** Who else is told what happens here: sinks of entries, Prometheus of numbers. */
export interface Telling {
  readonly sinks: Sinks;
  /** The log, with everybody's appends counted. */
  readonly audit: OpenAuditLog;
  /** Of the metrics' listener; `undefined` when it is off. */
  readonly metricsPort: number | undefined;
  readonly readiness: () => Promise<readonly Readiness[]>;
}

export async function openTelling(
  configuration: Pick<Configuration, "sinks" | "metrics">,
  { memory, log, opened }: { memory: Memory; log: Logger; opened: AsyncDisposableStack },
): Promise<Telling> {
  const sinks = openSinks(configuration.sinks.map(sinkOf), {
    store: sinkStore(memory.database),
    source: { origin: memory.audit.origin, productVersion: packageVersion() },
    keyring: { source: memory.source, keys: memory.keys },
    clock,
    timer,
    random: Math.random,
    log,
  });
  opened.defer(() => sinks.close());
  const metrics = openMetrics({ ...logNumbers(memory.source), sinks: sinks.status, now: () => clock.now() });
  const listener =
    configuration.metrics === undefined
      ? undefined
      : await openMetricsListener(metrics, configuration.metrics);
  if (listener !== undefined) opened.defer(() => listener.close());
  return {
    sinks,
    audit: countedLog(memory.audit, metrics),
    metricsPort: listener?.port,
    readiness: async () => [...(await memory.readiness()), ...sinks.status().map(readinessOf)],
  };
}

function logNumbers(source: LogSource): Pick<MetricsSource, "log"> {
  return {
    log: async () => {
      const [head, newest] = await Promise.all([source.head(), source.newestCheckpoint()]);
      return { entries: head?.size ?? 0, published: newest?.size ?? 0, signedAt: newest?.signedAt };
    },
  };
}

/** A sink that is down stops nobody: the log has everything, and the sink will have it later. */
function readinessOf({ name, isLagging, failures, lagEntries, lagMs }: SinkStatus): Readiness {
  const words = [...(isLagging ? ["lagging"] : []), ...(failures > 0 ? ["failing"] : [])];
  const part = { name: `sink ${name}`, isReady: true };
  if (words.length === 0) return part;
  return {
    ...part,
    detail: `${words.join(", ")}: ${lagEntries} entries, ${Math.floor(lagMs / 1000)} s behind`,
  };
}
