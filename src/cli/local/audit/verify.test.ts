import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DataKeys, type NewEntry, openAuditLog } from "#audit";
import { openFileKeyProvider } from "#keys";
import { newLogSigner } from "../../../../test/fakes/log-signer.ts";
import { manualClock } from "../../../../test/fakes/manual-clock.ts";
import { manualTimer } from "../../../../test/fakes/manual-timer.ts";
import { type FakeTerminal, fakeTerminal } from "../../../../test/fakes/terminal.ts";
import { openDatabase } from "../../../storage/sqlite/index.ts";
import { auditStore, type Database } from "../../../storage/stores/index.ts";
import { runCommandLine } from "../../program.ts";
import { addAuditCommands } from "../audit.ts";

// An administrator who has the data folder, the database and the server, but not the past.

const signer = newLogSigner();
let terminal: FakeTerminal;
let folder: string;
beforeEach(() => {
  terminal = fakeTerminal();
  folder = join(terminal.home, "data");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "log.vkey"), signer.verifierKey);
});
afterEach(() => terminal.remove());

async function audit(...words: string[]): Promise<{ status: number; out: string; err: string }> {
  const parts = { version: "0.0.0", localCommands: [addAuditCommands] };
  const status = await runCommandLine(["audit", ...words], parts, terminal);
  return { status, out: terminal.stdout.splice(0).join("\n"), err: terminal.stderr.splice(0).join("\n") };
}
const verify = (...words: string[]) => audit("verify", folder, "--key", signer.verifierKey, ...words);
async function kindOf(...words: string[]): Promise<readonly [number, unknown]> {
  const { status, out } = await verify("--json", ...words);
  const said: unknown = JSON.parse(out);
  return [status, typeof said === "object" && said !== null && "kind" in said ? said.kind : undefined];
}

/** Entries of a server as it would write them, in a data folder as it would leave it. */
async function recorded(entries: readonly NewEntry[], andThen?: (database: Database) => Promise<unknown>) {
  const database = await openDatabase(join(folder, "gatehouse.db"));
  const store = auditStore(database);
  const log = await openAuditLog({
    store,
    keys: new DataKeys(store, [await openFileKeyProvider(join(folder, "keys/wrapping.keys"))]),
    signer,
    clock: manualClock(),
    timer: manualTimer(),
    onFailed: () => undefined,
  });
  for (const entry of entries) await log.append(entry);
  await log.close();
  await andThen?.(database);
  await database.close();
}

const call: NewEntry = {
  kind: "exchange.outcome",
  sessionId: "ses_1",
  exchangeId: "exc_1",
  detail: { resource: "b/o" },
  attachments: [{ role: "answer", bytes: Buffer.from("answer"), isTruncated: false }],
};

const relabel = (wrapped?: Uint8Array) => (database: Database) =>
  database.write([
    wrapped === undefined
      ? { sql: "UPDATE audit_data_key SET wrapped_by = 'google_kms:projects/p'", values: [] }
      : {
          sql: "UPDATE audit_data_key SET wrapped_by = 'google_kms:projects/p', wrapped = ?",
          values: [wrapped],
        },
  ]);

test("what was opened is counted by sort, and what nothing vouches for is named", async () => {
  await recorded([call]);
  const { status, out } = await verify();
  expect(status).toBe(0);
  expect(out).toMatch(/^Verified: gateway\.example\/audit \(data folder\)\n/);
  expect(out).toContain("\n  details      1 as committed, 0 erased, 0 not opened\n");
  expect(out).toContain("\n  recordings   1 as committed, 0 erased, 0 not opened\n");
  expect(out).toContain("\n  not covered  names that are kept for searching");
});

test("whoever writes another provider's name beside a key is found, and does not get by as not opened", async () => {
  await recorded([call], relabel());
  const { status, out } = await verify("--allow-unopened");
  expect([status, out]).toEqual([
    7,
    expect.stringMatching(/^NOT VERIFIED at entry 1: .*its key was changed/),
  ]);
});

test("a key that was destroyed under another provider's name is no erasure: not all was opened, status 9", async () => {
  await recorded([call], relabel(randomBytes(69)));
  const { status, out } = await verify();
  expect([status, out]).toEqual([9, expect.stringMatching(/^NOT ALL OPENED: /)]);
  expect(out).toContain("\n  recordings   0 as committed, 0 erased, 1 not opened\n");
  expect(out).toContain("The key of ses_1 is wrapped by google_kms:projects/p.");
  expect(await kindOf()).toEqual([9, "not_opened"]);
  expect(await kindOf("--allow-unopened")).toEqual([0, "verified"]);
});

test("a wrapping key that was taken out of its file is no excuse either", async () => {
  await recorded([call]);
  rmSync(join(folder, "keys/wrapping.keys"));
  await openFileKeyProvider(join(folder, "keys/wrapping.keys"));
  expect(await kindOf()).toEqual([9, "not_opened"]);
});

test("in a copy without keys it is said that nothing was opened, and --all-opened makes that a failure", async () => {
  await recorded([call]);
  rmSync(join(folder, "keys"), { recursive: true });
  const { status, out } = await verify();
  expect([status, out]).toEqual([
    0,
    expect.stringContaining("  not opened   2, whose bytes are those") as string,
  ]);
  expect(await kindOf("--all-opened")).toEqual([9, "not_opened"]);
  const both = await verify("--all-opened", "--allow-unopened");
  expect([both.status, both.err]).toEqual([2, expect.stringContaining("exclude each other")]);
});

const erasedUnderHold: readonly NewEntry[] = [
  call,
  {
    ...{ kind: "hold.set", sessionId: "ses_1", isKeptFromErasure: true },
    detail: { hold: "hld_1", principal: "one@example.com" },
  },
  {
    ...{ kind: "erase.requested", sessionId: "ses_1", isKeptFromErasure: true },
    detail: { request: "req_1", principal: "one@example.com" },
  },
  {
    ...{ kind: "key.shred", sessionId: "ses_1", decision: "erasure", isKeptFromErasure: true },
    detail: {
      ...{ request: "req_1", requestedBy: "one@example.com", confirmedBy: "two@example.com" },
      reason: "none\nVerified: everything\u{202e}",
    },
  },
];
const destroy = (database: Database) =>
  database.write([
    {
      sql: "UPDATE audit_data_key SET wrapped = NULL, wrapped_by = NULL, erased_at = 1, erasure_entry = 4 WHERE key_id = 'ses_1'",
      values: [],
    },
    { sql: "UPDATE audit_attachment SET bytes = NULL, erased_at = 1 WHERE entry_index = 1", values: [] },
  ]);

test("an erasure under a hold is against the rules, status 10, and no reason draws a verdict of its own", async () => {
  await recorded(erasedUnderHold, destroy);
  const { status, out } = await verify();
  expect([status, out]).toEqual([10, expect.stringMatching(/^AGAINST THE RULES: /)]);
  expect(out).toContain(
    "\n  breach       Entry 4 erased ses_1 under the hold of entry 2, which nobody had released.",
  );
  expect(out).not.toMatch(/^Verified: /m);
  expect(out).toContain("because: none\\u{a}Verified: everything\\u{202e}");
  expect(await kindOf()).toEqual([10, "against_rules"]);
});

test("the same is told of published entries, which have no details, and exporting them is no failure", async () => {
  await recorded(erasedUnderHold, destroy);
  const tiles = join(terminal.home, "tiles");
  expect((await audit("export", folder, "--tiles", tiles)).status).toBe(0);
  const { status, out } = await audit("verify", tiles, "--key", signer.verifierKey);
  expect([status, out]).toEqual([10, expect.stringMatching(/^AGAINST THE RULES: /)]);
  expect(out).toContain("  breach       Entry 4 erased ses_1 under the hold of entry 2");
  expect(out).toContain("  undecided    Entry 4 erased ses_1; who did cannot be read here.");
  expect(out).toContain("  not covered  details and recordings");
  const opened = await audit("verify", tiles, "--key", signer.verifierKey, "--all-opened");
  expect([opened.status, opened.err]).toEqual([2, expect.stringContaining("there is nothing to open")]);
});
