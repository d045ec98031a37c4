/**
 * What operators see while it runs: one structured log on standard output, and metrics for Prometheus.
 * It never carries a credential, a token or a body, and metrics no name; the audit log, not these, says what happened.
 */
export { createLogger, type Logger, type LogLevel } from "./logger.ts";
export { type Metrics, type MetricsSource, openMetrics, type SinkMetrics } from "./metrics.ts";
export { type MetricsListener, openMetricsListener } from "./metrics-listener.ts";
