import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { openAuditLog } from "#audit";
import { systemClock } from "#lib/clock";
import { systemTimer } from "#lib/timer";
import { connect } from "../../src/storage/sqlite/open-database.ts";
import { auditStore, type Database } from "../../src/storage/stores/index.ts";
import { keysOf } from "../fakes/key-provider.ts";
import { newLogSigner } from "../fakes/log-signer.ts";

const preamble = `const { parentPort } = require("node:worker_threads"); parentPort.postMessage({ kind: "opened" });`;

/** A database whose worker does `onBatch` when it is first asked for something. */
function databaseWhoseWorker(onBatch: string): Promise<Database> {
  const code = `${preamble} parentPort.on("message", () => { ${onBatch} });`;
  return connect(new Worker(code, { eval: true, stderr: true }), "/data/gatehouse.db");
}

const statement = { sql: "SELECT 1", values: [] };

for (const [fault, onBatch] of [
  ["ends", "process.exit(3)"],
  ["throws", 'throw new Error("out of its mind")'],
  ["answers out of turn", 'parentPort.postMessage({ kind: "opened" })'],
  [
    "answers for fewer writes than it was asked",
    'parentPort.postMessage({ kind: "results", writes: [], reads: [] })',
  ],
] as const) {
  test(`a database worker that ${fault} fails everything that waits and everything that comes later`, async () => {
    const database = await databaseWhoseWorker(onBatch);
    const waiting = [database.write([statement]), database.write([statement]), database.read("SELECT 1")];
    const later = (await Promise.allSettled(waiting)).concat(
      await Promise.allSettled([database.write([statement])]),
    );
    expect(later.map((each) => each.status === "rejected" && (each.reason as { code: string }).code)).toEqual(
      ["database_failed", "database_failed", "database_failed", "database_failed"],
    );
    await database.close();
  });
}

test("a database worker that does not start is an error, not a wait for ever", async () => {
  const ended = connect(new Worker("process.exit(1)", { eval: true }), "/data/gatehouse.db");
  await expect(ended).rejects.toMatchObject({ code: "database_unusable" });
});

test("a log whose database dies while it opens does not open", async () => {
  const database = await databaseWhoseWorker("process.exit(3)");
  const store = auditStore(database);
  const opening = openAuditLog({
    store,
    keys: keysOf(store),
    signer: newLogSigner(),
    clock: systemClock,
    timer: systemTimer,
    onFailed: () => undefined,
  });
  await expect(opening).rejects.toMatchObject({ code: "database_failed" });
});
