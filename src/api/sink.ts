import { z } from "zod";

/** How a sink is doing. */
export const sinkStatus = z.object({
  name: z.string(),
  kind: z.enum(["file", "webhook", "syslog", "object_store"]),
  /** Index of the next entry to send. */
  next: z.int(),
  lagEntries: z.int(),
  /** Age of the oldest entry that is still to be sent. */
  lagMs: z.number(),
  isLagging: z.boolean(),
  /** Attempts that failed since the last that did not, and why the last one did. */
  failures: z.int(),
  problem: z.string().optional(),
});
export type SinkState = z.infer<typeof sinkStatus>;

/** `GET /api/v1/sinks`. */
export const sinkList = z.object({ sinks: z.array(sinkStatus) });

/** `POST /api/v1/sinks/:name/cursor`. */
export const sinkMove = z.strictObject({
  /** Index of the entry to send next. */
  to: z.int().min(0),
  reason: z.string().min(1).max(500),
});
export const sinkMoved = z.object({ name: z.string(), from: z.int(), to: z.int() });
