import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openApprovalDesk } from "#approvals";
import { DataKeys, openAuditLog, parseLeaf } from "#audit";
import { openCustody } from "#custody";
import { person } from "../../test/fakes/custody-under-test.ts";
import { call, plainSealer } from "../../test/fakes/desk-under-test.ts";
import { fakeKeyProvider } from "../../test/fakes/key-provider.ts";
import { newLogSigner } from "../../test/fakes/log-signer.ts";
import { manualClock } from "../../test/fakes/manual-clock.ts";
import { manualTimer } from "../../test/fakes/manual-timer.ts";
import { openDatabase } from "../storage/sqlite/index.ts";
import { approvalStore, auditStore, custodyStore } from "../storage/stores/index.ts";
import { recordApproval } from "./facts.ts";

const canary = "canary-7f3a";

async function opened() {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-erased-approvals-"));
  const database = await openDatabase(join(folder, "gatehouse.db"));
  onTestFinished(async () => {
    await database.close();
    rmSync(folder, { recursive: true });
  });
  const onFailed = (error: unknown): void => {
    throw error;
  };
  const [clock, timer, store] = [manualClock(), manualTimer(), auditStore(database)];
  const keys = new DataKeys(store, [fakeKeyProvider()]);
  const audit = await openAuditLog({ store, keys, signer: newLogSigner(), clock, timer, onFailed });
  const rest = { keep: undefined, clock, timer, onFailure: onFailed, isRunning: async () => false };
  const custody = await openCustody({ store: custodyStore(database), audit, keys, ...rest });
  const openDesk = () =>
    openApprovalDesk({
      store: approvalStore(database),
      sealer: plainSealer,
      clock,
      timer,
      wasStopped: async () => false,
      connectionVersion: () => "c1",
      onFact: (fact) => recordApproval(fact, (entry) => audit.append(entry)),
      onFailure: onFailed,
    });
  const erase = async (session: string): Promise<void> => {
    const asked = await custody.requestErasure(person("first"), session, "asked for");
    if (asked.kind === "refused") throw new Error(asked.code);
    const done = await custody.confirm(person("second"), asked.request.id);
    expect(done).toMatchObject({ kind: "erased", isScrubbed: true });
  };
  const bytes = (): Buffer =>
    Buffer.concat(readdirSync(folder).map((file) => readFileSync(join(folder, file))));
  return { store, openDesk, erase, bytes };
}

const held = {
  method: "DELETE",
  host: "storage.googleapis.com",
  target: `/storage/v1/b/${canary}`,
  headers: [],
  body: Buffer.from(canary),
};

test("an erasure takes what a session still wanted to send with it, and a server with such a session starts again", async () => {
  const { store, openDesk, erase, bytes } = await opened();
  const desk = await openDesk();
  await desk.request(call({ held, resourceName: `b/${canary}` }));
  await desk.close();
  expect(bytes().includes(canary)).toBe(true);
  await erase("ses_1");
  expect(bytes().includes(canary)).toBe(false);

  const again = await openDesk();
  await again.close();
  const [last] = (await store.findEntries({ filter: {}, limit: 1 })).entries;
  const leaf = parseLeaf(last?.leaf ?? Buffer.from(""));
  expect(leaf).toMatchObject({ kind: "approval.expired", decision: "cancelled", session: "ses_1" });
  expect([leaf?.attachments, last?.about.principal]).toEqual([undefined, undefined]);
});
