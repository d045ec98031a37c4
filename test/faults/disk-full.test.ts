import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { AuditLog, NewEntry } from "#audit";
import type { GatehouseError } from "#lib/errors";
import { factsIn, openLogIn } from "./log-in-folder.ts";
import { mountSmall } from "./small-disk.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const intent = (n: number): NewEntry => ({
  kind: "exchange.intent",
  sessionId: "ses_1",
  exchangeId: `exc_${n}`,
  attachments: [{ role: "request", bytes: Buffer.alloc(64 * 1024, n), isTruncated: false }],
});

/** Appends until refused; the exchanges that were recorded, and the refusal. */
async function fill(log: AuditLog, from: number): Promise<{ recorded: string[]; refusal: GatehouseError }> {
  const recorded: string[] = [];
  for (let n = from; n < from + 1_000; n += 1) {
    try {
      await log.append(intent(n));
      recorded.push(`exc_${n}`);
    } catch (error) {
      return { recorded, refusal: error as GatehouseError };
    }
  }
  throw new Error("the disk never filled up");
}

test("a full disk refuses entries, loses none that were accepted, and works again once there is room", async ({
  skip,
}) => {
  const folder = temporaryFolder();
  const reason = mountSmall(folder, 4 * 1024 * 1024);
  if (reason !== undefined) {
    console.log(`skipped: a small file system cannot be mounted here: ${reason}`);
    skip();
  }
  writeFileSync(join(folder, "ballast"), Buffer.alloc(1024 * 1024));
  const { log, failures, close } = await openLogIn(folder);
  const before = await fill(log, 0);
  expect(before.refusal).toMatchObject({ code: "audit_refused" });
  expect(before.refusal.message).toContain(folder);
  await expect(log.append(intent(5_000))).rejects.toMatchObject({ code: "audit_refused" });

  rmSync(join(folder, "ballast"));
  const after = await fill(log, 2_000);
  expect(failures).toEqual([]);
  expect(before.recorded.length).toBeGreaterThan(5);
  expect(after.recorded.length).toBeGreaterThan(1);

  await close();
  const { verification, intents } = await factsIn(folder, undefined);
  expect(verification).toMatchObject({ kind: "verified" });
  expect([...intents].sort()).toEqual([...before.recorded, ...after.recorded].sort());
});

test("a database at its page limit refuses entries, and takes them again when the limit is lifted", async () => {
  const folder = temporaryFolder();
  const { log, database, failures, close } = await openLogIn(folder);
  const limit = (pages: number) => database.write([{ sql: `PRAGMA max_page_count = ${pages}`, values: [] }]);
  await limit(200);
  const { recorded, refusal } = await fill(log, 0);
  expect(refusal).toMatchObject({ code: "audit_refused" });
  await limit(100_000);
  await log.append(intent(2_000));
  expect(failures).toEqual([]);
  await close();
  const { verification, intents } = await factsIn(folder, undefined);
  expect(verification).toMatchObject({ kind: "verified" });
  expect(intents).toEqual(new Set([...recorded, "exc_2000"]));
});
