import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { gatehouse, type Said } from "../fakes/whole-command-line.ts";
import { startWorld, type World } from "./world.ts";

// A person asks that what an agent did in their name be forgotten. Two auditors see to it; the log stays whole.
let world: World;
let session: string;
const canary = "canary-bucket-7f3a";

beforeAll(async () => {
  world = await startWorld();
  const agent = await world.agent();
  await agent.call("GET", `https://storage.googleapis.com/storage/v1/b/${canary}`);
  await agent.close();
  const { sessions } = z
    .object({ sessions: z.array(z.object({ id: z.string() })) })
    .parse(JSON.parse((await run("sessions", "list", "--json", ...asFirst)).out));
  session = sessions[0]?.id ?? "";
}, 60_000);
afterAll(() => world.close());

const run = (...words: string[]): Promise<Said> => gatehouse(world.quickStart.server.controlUrl, ...words);
const [asFirst, asSecond] = [
  ["--as", "auditor@example.com"],
  ["--as", "second-auditor@example.com"],
];

async function requestId(...words: string[]): Promise<string> {
  const said = await run(...words, "--json", ...asFirst);
  expect(said.err).toBe("");
  return z.object({ id: z.string() }).parse(JSON.parse(said.out)).id;
}

/** Everything in the data folder but the keys, which are not of this session, and the development provider's own. */
function folderBytes(): Buffer {
  const files = readdirSync(world.data).map((file) => join(world.data, file));
  return Buffer.concat(files.filter((file) => statSync(file).isFile()).map((file) => readFileSync(file)));
}

test("an administrator and a developer erase and hold nothing", async () => {
  for (const person of ["operator@example.com", "developer@example.com"]) {
    const as = ["--as", person];
    expect((await run("audit", "erase", session, "--reason", "because", ...as)).status).toBe(1);
    expect((await run("audit", "hold", "set", session, "--reason", "because", ...as)).status).toBe(1);
  }
  const denied = await run("audit", "search", "--kind", "audit.act_denied", "--json", ...asFirst);
  expect(denied.out.match(/audit\.act_denied/g)).toHaveLength(4);
});

test("a session that runs is not erased, and a command line that names nothing is not understood", async () => {
  const refused = await run("audit", "erase", session, "--reason", "asked for", ...asFirst);
  expect([refused.status, refused.err]).toEqual([3, expect.stringContaining("still running")]);
  for (const words of [["erase"], ["erase", session], ["hold", "set", "--reason", "x"], ["hold", "release"]])
    expect((await run("audit", ...words, ...asFirst)).status).toBe(2);
});

test("what was said is not in the data folder in clear; what is searched for is", async () => {
  expect((await run("sessions", "stop", session, "--as", "operator@example.com")).status).toBe(0);
  expect(folderBytes().includes(`GET /storage/v1/b/${canary}`)).toBe(false);
  const shown = await run("sessions", "replay", session, "--speed", "0", ...asFirst);
  expect(shown.out).toContain(`/storage/v1/b/${canary}`);
});

test("a hold keeps a session from being erased until two auditors release it", async () => {
  const hold = await requestId(
    "audit",
    "hold",
    "set",
    "--operation",
    "storage.buckets.get",
    "--reason",
    "Case 17",
  );
  const refused = await run("audit", "erase", session, "--reason", "asked for", ...asFirst);
  expect([refused.status, refused.err]).toEqual([3, expect.stringContaining("A hold is on this session")]);
  const request = await requestId("audit", "hold", "release", hold, "--reason", "Case 17 is closed");
  const listed = await run("audit", "hold", "list", ...asSecond);
  expect(listed.out).toContain(request);
  expect((await run("audit", "hold", "release", "--confirm", request, ...asFirst)).status).toBe(3);
  expect((await run("audit", "hold", "release", "--confirm", request, ...asSecond)).status).toBe(0);
  expect((await run("audit", "hold", "list", ...asSecond)).out).toBe("No hold stands.");
});

test("two auditors erase a session: it is gone from every file and every answer, and the log verifies and says so", async () => {
  const request = await requestId("audit", "erase", session, "--reason", "Asked for, ticket 4711");
  expect((await run("audit", "erase", "--confirm", request, ...asFirst)).status).toBe(3);
  expect(folderBytes().includes(canary)).toBe(true);
  const done = await run("audit", "erase", "--confirm", request, ...asSecond);
  expect([done.err, done.status]).toEqual(["", 0]);
  expect(done.out).toContain(`Erased: the recordings of ${session}`);
  expect(folderBytes().includes(canary)).toBe(false);

  const by = "by auditor@example.com and second-auditor@example.com, because: Asked for, ticket 4711";
  const verified = await run("audit", "verify", world.data);
  expect([verified.status, verified.out]).toEqual([0, expect.stringContaining(`erased       ${session}`)]);
  expect(verified.out).toContain(by);
  const replayed = await run("sessions", "replay", session, "--speed", "0", ...asFirst);
  expect(replayed.out).toContain(by);
  const entries = await run("audit", "search", "--session", session, "--json", ...asFirst);
  const shred = z
    .object({ entries: z.array(z.object({ index: z.number(), kind: z.string() })) })
    .parse(JSON.parse(entries.out));
  for (const { index, kind } of shred.entries) {
    const shown = await run("audit", "show", String(index), ...asFirst);
    expect(shown.out, kind).toContain("Erased:");
  }
  for (const said of [replayed, entries, await run("sessions", "show", session, "--json", ...asFirst)])
    expect(`${said.out}${said.err}`).not.toMatch(new RegExp(`${canary}|developer@example\\.com`));
});
