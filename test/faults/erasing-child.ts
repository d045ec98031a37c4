// Erases one session, and is killed at a step: `node erasing-child.ts FOLDER STEP`. A step is a write or a scrub of the database, before
// it is asked for or after it is done, counted from the confirmation on. Says `whole` when there was no such step.
import { DataKeys, openAuditLog } from "../../src/audit/index.ts";
import { openCustody } from "../../src/custody/index.ts";
import { openFileKeyProvider, openLogKey } from "../../src/keys/index.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { systemTimer } from "../../src/lib/timer.ts";
import { openDatabase } from "../../src/storage/sqlite/index.ts";
import { auditStore, custodyStore, type Database } from "../../src/storage/stores/index.ts";
import { person } from "../fakes/custody-under-test.ts";
import { databaseIn, origin } from "./log-in-folder.ts";

const [folder = "", stepToDie = "", act = "erase"] = process.argv.slice(2);
let steps = Number.NEGATIVE_INFINITY;

function step(): void {
  steps += 1;
  if (steps === Number(stepToDie)) process.kill(process.pid, "SIGKILL");
}

const real = await openDatabase(databaseIn(folder));
async function stepwise<Result>(work: () => Promise<Result>): Promise<Result> {
  step();
  const result = await work();
  step();
  return result;
}
const database: Database = {
  read: (sql, values) => real.read(sql, values),
  write: (statements) => stepwise(() => real.write(statements)),
  scrub: () => stepwise(() => real.scrub()),
  close: () => real.close(),
};

const audit = auditStore(database);
const keys = new DataKeys(audit, [await openFileKeyProvider(`${folder}/wrapping.keys`)]);
const onFailure = (error: unknown): never => {
  throw error;
};
const log = await openAuditLog({
  store: audit,
  keys,
  signer: await openLogKey(`${folder}/log.key`, origin),
  clock: systemClock,
  timer: systemTimer,
  onFailed: onFailure,
});
const custody = await openCustody({
  store: custodyStore(database),
  audit: log,
  keys,
  isRunning: async () => false,
  keep: undefined,
  clock: systemClock,
  timer: systemTimer,
  onFailure,
});

if (act === "record") {
  for (let n = 0; n < 40; n += 1)
    await log.append({
      kind: "exchange.outcome",
      sessionId: "ses_1",
      exchangeId: `exc_${n}`,
      detail: { resource: `canary-resource-${n}` },
      attachments: [{ role: "answer", bytes: Buffer.alloc(10_000, n), isTruncated: false }],
    });
  await custody.requestErasure(person("first"), "ses_1", "asked for");
}
const [request] = (await custody.list()).requests;
if (act === "erase" && request !== undefined) {
  steps = 0;
  await custody.confirm(person("second"), request.id);
}
await custody.close();
await log.close();
await real.close();
console.log(act === "erase" && steps < Number(stepToDie) ? "whole" : "done");
