import type { NewEntry, OpenAuditLog } from "#audit";
import type { Metrics } from "#telemetry";

/** The same log, with everybody's appends counted. */
export function countedLog(
  log: OpenAuditLog,
  metrics: Pick<Metrics, "appended" | "appendRefused" | "exchange">,
): OpenAuditLog {
  return {
    origin: log.origin,
    verifierKey: log.verifierKey,
    get integratedSize() {
      return log.integratedSize;
    },
    close: () => log.close(),
    append: (entry) => counted(entry, () => log.append(entry)),
    appendWith: (entry, write) => counted(entry, () => log.appendWith(entry, write)),
  };

  async function counted<Done>(entry: NewEntry, append: () => Promise<Done>): Promise<Done> {
    try {
      const done = await append();
      metrics.appended(entry.kind);
      countExchange(entry, metrics);
      return done;
    } catch (error) {
      metrics.appendRefused();
      throw error;
    }
  }
}

/** Each exchange once: by its intent, or by its refusal where it never got that far. */
function countExchange(
  { kind, decision, class: riskClass }: NewEntry,
  metrics: Pick<Metrics, "exchange">,
): void {
  if (kind === "exchange.intent") metrics.exchange(decision ?? "other", riskClass);
  if (kind === "exchange.refused") metrics.exchange("refused", riskClass);
}
