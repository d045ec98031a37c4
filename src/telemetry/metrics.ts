import { Counter, Gauge, Registry } from "prom-client";
import { riskClasses } from "#lib/entry-words";

/** How a sink is doing, as metrics say it. The name is the operator's, one of ten. */
export interface SinkMetrics {
  readonly name: string;
  readonly lagEntries: number;
  readonly lagMs: number;
  readonly isLagging: boolean;
  readonly failures: number;
}

/** Asked at each scrape. */
export interface MetricsSource {
  log(): Promise<{
    readonly entries: number;
    readonly published: number;
    readonly signedAt: Date | undefined;
  }>;
  sinks(): readonly SinkMetrics[];
  now(): Date;
}

/**
 * What Prometheus is told. Labels come from short lists in our own code, and the names of sinks from the configuration: never
 * a person, an id, a resource or a token. Counters begin at 0 with the process.
 */
export interface Metrics {
  appended(kind: string): void;
  appendRefused(): void;
  exchange(decision: string, riskClass: string | undefined): void;
  /** Prometheus' text format, version 0.0.4. */
  text(): Promise<{ readonly contentType: string; readonly body: string }>;
}

const decisions: ReadonlySet<string> = new Set(["allow", "require_approval", "refused"]);
const classes: ReadonlySet<string> = new Set(riskClasses);

export function openMetrics(source: MetricsSource): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const appended = new Counter({
    name: "gatehouse_audit_entries_appended_total",
    help: "Audit entries that became durable since the start, by kind.",
    labelNames: ["kind"],
    registers,
  });
  const refused = new Counter({
    name: "gatehouse_audit_appends_refused_total",
    help: "Audit entries that could not be recorded since the start; what they stood for was refused.",
    registers,
  });
  const exchanges = new Counter({
    name: "gatehouse_exchanges_total",
    help: "Exchanges since the start, by decision and risk class.",
    labelNames: ["decision", "class"],
    registers,
  });
  // Set before each scrape rather than by each gauge: they are then of one moment.
  const readLog = logGauges(registry, source);
  const readSinks = sinkGauges(registry, source);
  return {
    appended: (kind) => appended.inc({ kind }),
    appendRefused: () => refused.inc(),
    exchange: (decision, riskClass) =>
      exchanges.inc({
        decision: decisions.has(decision) ? decision : "other",
        class: riskClass !== undefined && classes.has(riskClass) ? riskClass : "unknown",
      }),
    text: async () => {
      await readLog();
      readSinks();
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}

function logGauges(registry: Registry, source: MetricsSource): () => Promise<void> {
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers: [registry] });
  const entries = gauge("gatehouse_audit_entries", "Audit entries in the log.");
  const published = gauge("gatehouse_audit_published_entries", "Audit entries under a signed checkpoint.");
  const age = gauge("gatehouse_audit_checkpoint_age_seconds", "Age of the newest checkpoint.");
  return async () => {
    const log = await source.log();
    entries.set(log.entries);
    published.set(log.published);
    if (log.signedAt !== undefined) age.set((source.now().getTime() - log.signedAt.getTime()) / 1000);
  };
}

type SinkGauge = readonly [name: string, help: string, of: (sink: SinkMetrics) => number];

const gaugesOfSinks: readonly SinkGauge[] = [
  ["gatehouse_sink_lag_entries", "Published entries a sink was not told of.", ({ lagEntries }) => lagEntries],
  [
    "gatehouse_sink_lag_seconds",
    "Age of the oldest entry a sink was not told of.",
    ({ lagMs }) => lagMs / 1000,
  ],
  [
    "gatehouse_sink_lagging",
    "1 while a sink lags longer than it should.",
    ({ isLagging }) => Number(isLagging),
  ],
  ["gatehouse_sink_failures", "Failed attempts since the last that worked.", ({ failures }) => failures],
];

function sinkGauges(registry: Registry, source: MetricsSource): () => void {
  const made = gaugesOfSinks.map(([name, help, of]) => ({
    of,
    gauge: new Gauge({ name, help, labelNames: ["sink"], registers: [registry] }),
  }));
  return () => {
    for (const { gauge, of } of made) {
      for (const sink of source.sinks()) gauge.set({ sink: sink.name }, of(sink));
    }
  };
}
