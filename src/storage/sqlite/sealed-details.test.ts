import { expect, test } from "vitest";
import { type JsonValue, openAuditLog } from "#audit";
import { type ConfiguredSink, Delivery } from "#sinks";
import { temporaryDatabase } from "../../../test/contracts/temporary-database.ts";
import { fakeKeyProvider, keysOf } from "../../../test/fakes/key-provider.ts";
import { newLogSigner } from "../../../test/fakes/log-signer.ts";
import { manualClock } from "../../../test/fakes/manual-clock.ts";
import { manualTimer } from "../../../test/fakes/manual-timer.ts";
import { auditStore, sinkStore } from "../stores/index.ts";

/** A log over a real database, and a delivery that opens its details with keys of another process. */
async function opened(details: readonly JsonValue[]) {
  const database = await temporaryDatabase();
  const [store, provider, clock, timer] = [
    auditStore(database),
    fakeKeyProvider(),
    manualClock(),
    manualTimer(),
  ];
  const onFailed = (error: unknown): void => {
    throw error;
  };
  const keys = keysOf(store, provider);
  const log = await openAuditLog({ store, keys, signer: newLogSigner(), clock, timer, onFailed });
  for (const detail of details) await log.append({ kind: "audit.read", detail: { detail } });
  await log.close();
  const lines: string[] = [];
  const sink: ConfiguredSink = {
    name: "siem",
    kind: "file",
    form: "entry",
    withDetail: true,
    batch: { entries: 10, waitMs: 0 },
    sink: {
      deliver: async ({ entries }) => void lines.push(...entries.map(({ json }) => json)),
      close: async () => undefined,
    },
  };
  const quiet = (): void => undefined;
  const delivery = new Delivery(sink, {
    store: sinkStore(database),
    source: { origin: log.origin, productVersion: "0.1.0" },
    keyring: { source: store, keys: keysOf(store, provider) },
    clock,
    timer,
    random: () => 1,
    log: { info: quiet, warn: quiet, error: quiet },
  });
  return { database, provider, delivery, lines };
}

test("a sink that was promised details gets what they say, and not their ciphertext", async () => {
  const { delivery, lines } = await opened(["zwölf"]);
  expect(await delivery.round()).toBe("delivered");
  expect(lines.map((text): unknown => JSON.parse(text)).at(-1)).toMatchObject({
    index: 1,
    detail: { detail: "zwölf" },
  });
});

test("while the key provider is away a detail is not left out: the sink waits", async () => {
  const { delivery, lines, provider } = await opened(["one"]);
  provider.isAway = true;
  expect([await delivery.round(), lines]).toEqual(["failed", []]);
  provider.isAway = false;
  expect([await delivery.round(), lines.length]).toEqual(["delivered", 2]);
});

test("a detail that somebody wrote into the database is told to nobody", async () => {
  const { database, delivery, lines } = await opened(["one"]);
  const forged = Buffer.from('{"detail":"two"}');
  await database.write([{ sql: "UPDATE audit_attachment SET bytes = ?", values: [forged] }]);
  expect([await delivery.round(), lines]).toEqual(["failed", []]);
  expect(delivery.status().problem).toContain("entry 1 is not what was recorded");
});
