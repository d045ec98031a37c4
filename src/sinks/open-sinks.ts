import { Delivery, type DeliveryParts } from "./delivery.ts";
import type { ConfiguredSink, SinkStatus } from "./sink.ts";

/** All sinks of a server. */
export interface Sinks {
  status(): readonly SinkStatus[];
  /**
   * Sends on from another entry: earlier ones again, or past ones that a receiver will never take. Durable when it
   * resolves. `undefined` when there is no such sink, or the log is not that long. The entry on record comes first, from `record`.
   */
  move(
    name: string,
    to: number,
    record: (from: number) => Promise<void>,
  ): Promise<{ readonly from: number; readonly to: number } | undefined>;
  close(): Promise<void>;
}

/** Begins to tell each sink what it has not been told. */
export function openSinks(configured: readonly ConfiguredSink[], parts: DeliveryParts): Sinks {
  const deliveries = new Map(configured.map((each) => [each.name, new Delivery(each, parts)]));
  for (const delivery of deliveries.values()) delivery.start();
  const { store } = parts;
  return {
    status: () => [...deliveries.values()].map((delivery) => delivery.status()),
    async move(name, to, record) {
      if (!deliveries.has(name) || to > (await store.publishedSize())) return undefined;
      const from = await store.cursor(name);
      await record(from);
      await store.move(name, to);
      return { from, to };
    },
    close: async () => {
      await Promise.all([...deliveries.values()].map((delivery) => delivery.close()));
    },
  };
}
