import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { DataKeys, type KeyProvider, openAuditLog } from "#audit";
import { openCustody } from "#custody";
import { pendingRequest } from "../../../test/fakes/control-plane-under-test.ts";
import { person } from "../../../test/fakes/custody-under-test.ts";
import { fakeKeyProvider } from "../../../test/fakes/key-provider.ts";
import { newLogSigner } from "../../../test/fakes/log-signer.ts";
import { manualClock } from "../../../test/fakes/manual-clock.ts";
import { manualTimer } from "../../../test/fakes/manual-timer.ts";
import { approvalStore, auditStore, custodyStore, sessionStore } from "../stores/index.ts";
import { openDatabase } from "./index.ts";

const canary = "canary-7f3a";

/** A log in a folder, with every key that was ever wrapped for it, plain and wrapped. */
async function opened() {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-erasure-"));
  const database = await openDatabase(join(folder, "gatehouse.db"));
  const seen = { plain: [] as Buffer[], wrapped: [] as Buffer[] };
  const inner = fakeKeyProvider();
  const provider: KeyProvider = {
    name: "spying",
    unwrap: (wrapped, of) => inner.unwrap(wrapped, of),
    wrap: async (key, of) => {
      const wrapped = await inner.wrap(key, of);
      if (of.keyId.startsWith("ses_")) {
        seen.plain.push(Buffer.from(key));
        seen.wrapped.push(Buffer.from(wrapped));
      }
      return wrapped;
    },
  };
  const audit = auditStore(database);
  const keys = new DataKeys(audit, [provider]);
  const [clock, timer] = [manualClock(), manualTimer()];
  const onFailed = (error: unknown): void => {
    throw error;
  };
  const log = await openAuditLog({ store: audit, keys, signer: newLogSigner(), clock, timer, onFailed });
  const custody = await openCustody({
    store: custodyStore(database),
    audit: log,
    keys,
    isRunning: async () => false,
    keep: undefined,
    clock,
    timer,
    onFailure: onFailed,
  });
  onTestFinished(async () => {
    await database.close();
    rmSync(folder, { recursive: true });
  });
  /** All files of the folder: the database, its WAL, what SQLite keeps beside them. */
  const bytes = (): Buffer =>
    Buffer.concat(readdirSync(folder).map((file) => readFileSync(join(folder, file))));
  return { folder, database, log, custody, seen, bytes, sessions: sessionStore(database), clock };
}

/** What the session asked people for, and why it was refused: an approver's words may repeat everything. */
async function deny({ database, clock }: Awaited<ReturnType<typeof opened>>, id: string): Promise<void> {
  const approvals = approvalStore(database);
  const asked = { id: `apr_${id}`, matchKey: id, sessionId: id, agent: canary, preview: canary };
  const room = { pendingPerSession: 5, openTotal: 5, sealedBytesTotal: 1_000 };
  await approvals.insert(pendingRequest(asked), Buffer.from(`held ${canary}`), room);
  const vote = {
    approver: person("approver"),
    verdict: "deny",
    reason: `no ${canary}`,
    at: clock.now(),
  } as const;
  const step = { votesSeen: 0, state: "denied", executeBy: undefined } as const;
  expect(await approvals.addVote(asked.id, vote, step)).toBe(true);
}

async function recordSession(parts: Awaited<ReturnType<typeof opened>>, id: string): Promise<void> {
  const { log, sessions, clock } = parts;
  const now = clock.now();
  const rest = { agent: `agent-of-${canary}`, connection: undefined, stoppedAt: undefined };
  const principal = person("dev", `${canary}@example.com`);
  await sessions.insert({ id, principal, startedAt: now, endsAt: now, ...rest });
  await deny(parts, id);
  for (let n = 0; n < 20; n += 1)
    await log.append({
      kind: "exchange.outcome",
      sessionId: id,
      exchangeId: `exc_${n}`,
      detail: { resource: `buckets/${canary}-${n}`, principal: `${canary}@example.com` },
      attachments: [
        { role: "request", bytes: Buffer.alloc(100_000, `recording ${canary} `), isTruncated: false },
        { role: "answer", bytes: Buffer.from(`{"secret":"answer ${canary}"}`), isTruncated: false },
      ],
    });
}

test("a reader of the database keeps the WAL from being emptied, and that is said", async () => {
  const parts = await opened();
  await recordSession(parts, "ses_1");
  const reader = new DatabaseSync(join(parts.folder, "gatehouse.db"), { readOnly: true });
  reader.exec("BEGIN");
  reader.prepare("SELECT count(*) FROM audit_entry").get();
  const asked = await parts.custody.requestErasure(person("first"), "ses_1", "asked for");
  if (asked.kind === "refused") throw new Error(asked.code);
  expect(await parts.custody.confirm(person("second"), asked.request.id)).toMatchObject({
    kind: "erased",
    isScrubbed: false,
  });
  expect(await custodyStore(parts.database).unswept(10)).toEqual(["ses_1"]);
  reader.close();
  await parts.custody.close();
});

test("what was recorded is nowhere in the files, not even before it is erased; its names are until then", async () => {
  const parts = await opened();
  await recordSession(parts, "ses_1");
  for (const text of [`recording ${canary}`, `answer ${canary}`])
    expect(parts.bytes().includes(text)).toBe(false);
  expect(parts.bytes().includes(`buckets/${canary}`)).toBe(true);
  for (const key of parts.seen.plain) expect(parts.bytes().includes(key)).toBe(false);
});

test("after an erasure neither names nor recordings nor the key, plain or wrapped, are in any file", async () => {
  const parts = await opened();
  await recordSession(parts, "ses_1");
  await recordSession(parts, "ses_2");
  const [wrapped, other] = parts.seen.wrapped;
  if (wrapped === undefined || other === undefined) throw new Error("no key was wrapped");
  const erase = async (id: string): Promise<void> => {
    const asked = await parts.custody.requestErasure(person("first"), id, "asked for");
    if (asked.kind === "refused") throw new Error(asked.code);
    expect(await parts.custody.confirm(person("second"), asked.request.id)).toMatchObject({
      isScrubbed: true,
    });
  };
  await erase("ses_1");
  expect(parts.bytes().includes(wrapped)).toBe(false);
  expect(parts.bytes().includes(other)).toBe(true);
  await erase("ses_2");
  const left = parts.bytes();
  for (const trace of [canary, ...parts.seen.plain, ...parts.seen.wrapped])
    expect(left.includes(trace)).toBe(false);
  expect(parts.seen.plain).toHaveLength(2);
});
