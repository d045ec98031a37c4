import { listenerAddress } from "./web-address.ts";

/** Prometheus' own listener; absent means off. */
export const metrics = listenerAddress(8449)
  .optional()
  .describe("where Prometheus finds /metrics; off without it");
