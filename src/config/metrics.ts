import { plainListener } from "./listener.ts";

/** Prometheus' own listener; absent means off. */
export const metrics = plainListener(8449)
  .optional()
  .describe("where Prometheus finds /metrics; off without it");
