/**
 * What operators see while it runs: one structured log on standard output.
 * It never carries a credential, a token or a body; the audit log, not this one, says what happened.
 */
export { createLogger, type Logger, type LogLevel } from "./logger.ts";
