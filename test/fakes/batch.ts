import type { Batch } from "#sinks";

/** Entries `[first, last]` as a delivery hands them to a sink. */
export function batchOf(first: number, last: number, said: object = {}): Batch {
  const entries = Array.from({ length: last - first + 1 }, (_, offset) => ({
    index: first + offset,
    at: "2026-11-24T12:00:00.000Z",
    kind: "exchange.outcome",
    class: "read",
    json: JSON.stringify({ index: first + offset, ...said }),
  }));
  return { origin: "gatehouse.example/log", first, last, entries };
}
