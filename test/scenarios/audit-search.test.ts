import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { auditEntryDetail, auditEntryList } from "#api";
import { gatehouse, type Said } from "../fakes/whole-command-line.ts";
import { startWorld, type World } from "./world.ts";

// An auditor looks for one call, reads it, and takes away a proof that needs nobody's word.
let world: World;
let started: Date;
beforeAll(async () => {
  started = new Date();
  world = await startWorld();
  const agent = await world.agent();
  await agent.call("GET", "https://cloudresourcemanager.googleapis.com/v1/projects");
  await agent.call(
    "POST",
    "https://iam.googleapis.com/v1/projects/-/serviceAccounts/a@b.iam.gserviceaccount.com/keys",
    "{}",
  );
  await agent.close();
}, 60_000);
afterAll(() => world.close());

const run = (...words: string[]): Promise<Said> => gatehouse(world.quickStart.server.controlUrl, ...words);
const asAuditor = ["--as", "auditor@example.com"];
async function search(...filters: string[]): Promise<z.infer<typeof auditEntryList>> {
  const said = await run("audit", "search", "--json", ...asAuditor, ...filters);
  expect(said.err).toBe("");
  return auditEntryList.parse(JSON.parse(said.out));
}
const kindsOf = ({ entries }: z.infer<typeof auditEntryList>): string[] => entries.map(({ kind }) => kind);

test("a developer finds, sees and proves nothing, and the auditor finds the attempts", async () => {
  const asDeveloper = ["--as", "developer@example.com"];
  for (const words of [["search"], ["show", "1"], ["prove", "1"], ["prove", "--session", "ses_1"]]) {
    expect((await run("audit", ...words, ...asDeveloper)).status).toBe(1);
  }
  const denied = await search("--kind", "audit.read_denied", "--principal", "developer@example.com");
  expect(kindsOf(denied)).toEqual(Array(4).fill("audit.read_denied"));
});

test("a call is found by person, agent, operation, class, decision, status, resource and time", async () => {
  const person = ["--principal", "Developer@example.com"];
  const listing = ["--operation", "cloudresourcemanager.projects.list"];
  expect(kindsOf(await search(...person, ...listing))).toEqual(["exchange.outcome", "exchange.intent"]);
  expect(kindsOf(await search(...listing, "--status", "200", "--class", "read"))).toEqual([
    "exchange.outcome",
  ]);
  const [refused] = (await search("--kind", "exchange.refused", "--from", started.toISOString())).entries;
  expect(refused).toMatchObject({ class: "secret_read", principal: "developer@example.com" });
  expect(
    kindsOf(await search("--resource", refused?.resource ?? "", "--decision", refused?.decision ?? "")),
  ).toEqual(["exchange.refused"]);
  expect((await search(...person, "--to", started.toISOString())).entries).toEqual([]);
  expect(
    kindsOf(await search("--session", refused?.session ?? "", "--agent", refused?.agent ?? "")),
  ).toContain("session.opened");
});

test("a call is found by words: of its detail anywhere, of its masked recordings where the session is named", async () => {
  const [intent] = (await search("--kind", "exchange.intent")).entries;
  const ofSession = ["--session", intent?.session ?? ""];
  expect(kindsOf(await search("--text", "Projects.LIST cloudresourcemanager.googleapis.com"))).toEqual([
    "exchange.intent",
  ]);
  // The answer lists projects by number, which no detail says.
  expect(kindsOf(await search("--text", "projectNumber"))).toEqual([]);
  expect(kindsOf(await search("--text", "projectnumber", ...ofSession))).toEqual(["exchange.outcome"]);
  expect(kindsOf(await search("--text", "projectnumber zebra", ...ofSession))).toEqual([]);
});

test("pages of two are the same entries as one page, in the same order", async () => {
  const to = ["--to", new Date().toISOString()];
  const whole = (await search(...to)).entries.map(({ index }) => index);
  const paged: number[] = [];
  let more: string[] = [];
  do {
    const page = await search(...to, "--limit", "2", ...more);
    paged.push(...page.entries.map(({ index }) => index));
    more = page.next === undefined ? [] : ["--before", page.next];
  } while (more.length > 0);
  expect(paged).toEqual(whole);
});

test("what an auditor looked for is found by the next auditor", async () => {
  await search("--resource", "a very particular thing");
  const reads = await search("--kind", "audit.read", "--principal", "auditor@example.com", "--limit", "2");
  const shown = await run("audit", "show", String(reads.entries[1]?.index), "--json", ...asAuditor);
  expect(auditEntryDetail.parse(JSON.parse(shown.out)).detail).toMatchObject({
    what: "entries",
    asked: { resource: "a very particular thing" },
  });
});

test("one entry is read with its detail, and proven with nothing but the key", async () => {
  const [intent] = (await search("--kind", "exchange.intent")).entries;
  const index = String(intent?.index);
  const shown = await run("audit", "show", index, ...asAuditor);
  expect(shown.out).toMatch(
    /Principal: developer@example\.com[\s\S]*detail, \d+ bytes, as committed[\s\S]*"method": "GET"/,
  );

  const file = join(world.folder, "entry.tlog-proof");
  await expect
    .poll(async () => (await run("audit", "prove", index, "--output", file, ...asAuditor)).status)
    .toBe(0);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const again = await run("audit", "prove", index, "--output", file, ...asAuditor);
  expect([again.status, again.err]).toEqual([1, expect.stringContaining("it is there already") as string]);
  const key = ["--key", join(world.data, "log.vkey")];
  const nobody = (...words: string[]): Promise<Said> =>
    gatehouse("http://127.0.0.1:1", "audit", "verify", ...words);
  const verified = await nobody("--proof", file, ...key, "--json");
  expect([
    verified.status,
    z.looseObject({ leaf: z.string() }).parse(JSON.parse(verified.out)),
  ]).toMatchObject([
    0,
    { kind: "verified", index: Number(index), leaf: expect.stringContaining(intent?.id ?? "") as string },
  ]);
  // Printed, it is the same file to the byte that matters: the last newline included.
  const printed = await run("audit", "prove", index, ...asAuditor);
  writeFileSync(file, `${printed.out}\n`);
  expect((await nobody("--proof", file, ...key)).status).toBe(0);

  writeFileSync(file, readFileSync(file, "utf8").replace(`index ${index}`, `index ${Number(index) + 1}`));
  expect(await nobody("--proof", file, ...key)).toMatchObject({
    status: 7,
    out: "NOT VERIFIED: the proof leads to another root.",
  });
});

test("a whole session is proven in one file, which is verified offline and says what it does not show", async () => {
  const id = (await search("--kind", "exchange.intent")).entries[0]?.session ?? "";
  const file = join(world.folder, "session.proofs");
  const made = await run("audit", "prove", "--session", id, "--output", file, ...asAuditor);
  expect([made.err, made.status]).toEqual(["", 0]);
  expect(made.out).toMatch(
    /^Proven in .*: \d+ entries of ses_[\s\S]*does not show that .* has no further entries/,
  );
  const exported = (await search("--kind", "audit.export")).entries;
  const told = await Promise.all(
    exported.map(
      async ({ index }) => (await run("audit", "show", String(index), "--json", ...asAuditor)).out,
    ),
  );
  expect(told.join()).toMatch(/"format":\s*"proof"/);

  const nobody = (...words: string[]): Promise<Said> =>
    gatehouse(
      "http://127.0.0.1:1",
      "audit",
      "verify",
      "--proof",
      file,
      "--key",
      join(world.data, "log.vkey"),
      ...words,
    );
  const verified = await nobody("--json");
  const shape = z.object({
    entries: z.array(z.object({ index: z.number(), leaf: z.string() })),
    notShown: z.string(),
  });
  const { entries } = shape.parse(JSON.parse(verified.out));
  const listed = (await search("--session", id)).entries.map(({ index }) => index);
  expect(entries.map(({ index }) => index)).toEqual(listed.sort((one, other) => one - other));
  const said = await nobody();
  expect(said.out).toMatch(
    /^Verified: \d+ entries of ses_[\s\S]*entry \d+ .*exchange\.intent cloudresourcemanager\.projects\.list allow/,
  );
  expect(said.out).toContain("does not show");

  writeFileSync(file, readFileSync(file, "utf8").replace(/^entries .*\n/m, "entries 1\n"));
  expect(await nobody()).toMatchObject({
    status: 7,
    out: expect.stringMatching(/^NOT VERIFIED: it is of 1 entries/) as string,
  });
  expect((await run("audit", "prove", "--session", "ses_none", ...asAuditor)).err).toContain(
    "no entry of ses_none",
  );
  expect((await run("audit", "prove", "1", "--session", id, ...asAuditor)).status).toBe(2);
});

test("a session is replayed with what was sent and answered, and the refused call in its place", async () => {
  const [intent] = (await search("--kind", "exchange.intent")).entries;
  const replayed = await run("sessions", "replay", intent?.session ?? "", "--speed", "0", ...asAuditor);
  expect([replayed.err, replayed.status]).toEqual(["", 0]);
  expect(replayed.out).toMatch(
    /2 of 2 exchanges[\s\S]*projects\.list\nallow .*: answered 200\n[\s\S]*< HTTP\/1\.1 200[\s\S]*keys\.create.*\n.*: refused/,
  );
});

test("an index that is none never becomes part of a path, and an entry that does not exist is not found", async () => {
  for (const index of ["-1", "1/../2", "x", "1?x"]) {
    expect((await run("audit", "show", ...asAuditor, "--", index)).status, index).toBe(2);
  }
  expect((await run("audit", "prove", "999999", ...asAuditor)).status).toBe(1);
});

test("an answer is found by whom it went to, what it was about and its status, which stand in three places", async () => {
  const agent = await world.agent();
  await agent.call("GET", "https://storage.googleapis.com/storage/v1/b/no-such-bucket");
  await agent.close();
  const ofBucket = ["--operation", "storage.buckets.get"];
  const [outcome, intent] = (await search(...ofBucket)).entries;
  expect(outcome).toMatchObject({ kind: "exchange.outcome", resource: intent?.resource });
  const all = ["--resource", intent?.resource ?? "", "--principal", "developer@example.com"];
  const answers = await search(...all, "--status", String(outcome?.status));
  expect(answers.entries.map(({ index }) => index)).toEqual([outcome?.index]);
  expect((await search(...all, "--status", "599")).entries).toEqual([]);
});

test("what an approver decided and what an operator stopped is found under their own names", async () => {
  const agent = await world.agent();
  const held = agent.call(
    "DELETE",
    "https://compute.googleapis.com/compute/v1/projects/practice-project/zones/us-central1-a/instances/web-1",
  );
  const asApprover = ["--as", "approver@example.com"];
  const waiting = z.looseObject({ approvals: z.array(z.looseObject({ id: z.string() })) });
  let id: string | undefined;
  while (id === undefined) {
    const listed = await run("approvals", "list", "--json", ...asApprover);
    id = waiting.parse(JSON.parse(listed.out)).approvals[0]?.id;
  }
  expect((await run("approvals", "approve", id, ...asApprover)).status).toBe(0);
  await held;
  const stopped = await run(
    "sessions",
    "stop",
    "--principal",
    "DEVELOPER@example.com",
    "--as",
    "operator@example.com",
  );
  expect(stopped.status).toBe(0);
  await agent.close();

  expect(kindsOf(await search("--principal", "approver@example.com"))).toContain("approval.vote");
  expect(kindsOf(await search("--principal", "developer@example.com"))).not.toContain("approval.vote");
  expect(kindsOf(await search("--principal", "operator@example.com"))).toContain("session.stopped");
});
