import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { z } from "zod";
import { auditEntryList } from "#api";
import { blocksOf, runBlock } from "../audit/page.ts";
import { harFile } from "../fakes/har-schema.ts";
import { ocsfProblems } from "../fakes/ocsf-schema.ts";
import { gatehouse, type Said } from "../fakes/whole-command-line.ts";
import { startWorld, type World } from "./world.ts";

// An auditor takes a session away: as events, as a table, as a recording, and as evidence that needs nobody's word.
let world: World;
let session = "";
let bundle = "";
beforeAll(async () => {
  world = await startWorld();
  const agent = await world.agent();
  await agent.call("GET", "https://cloudresourcemanager.googleapis.com/v1/projects?filter=a%3Db");
  await agent.call(
    "POST",
    "https://iam.googleapis.com/v1/projects/-/serviceAccounts/a@b.iam.gserviceaccount.com/keys",
    "{}",
  );
  await agent.close();
  const [intent] = (await search("--kind", "exchange.intent")).entries;
  session = intent?.session ?? "";
  bundle = join(world.folder, "bundle");
}, 60_000);
afterAll(() => world.close());

const run = (...words: string[]): Promise<Said> => gatehouse(world.quickStart.server.controlUrl, ...words);
const asAuditor = ["--as", "auditor@example.com"];
async function search(...filters: string[]): Promise<z.infer<typeof auditEntryList>> {
  const said = await run("audit", "search", "--json", ...asAuditor, ...filters);
  return auditEntryList.parse(JSON.parse(said.out));
}
const exported = (...words: string[]): Promise<Said> => run("audit", "export", ...words, ...asAuditor);

test("a developer exports nothing, leaves no file, and the attempt is on record", async () => {
  const file = join(world.folder, "stolen.jsonl");
  const words = ["audit", "export", "--format", "ocsf", "--output", file, "--as", "developer@example.com"];
  expect((await run(...words)).status).toBe(1);
  expect([existsSync(file), existsSync(`${file}.part`)]).toEqual([false, false]);
  const denied = await search("--kind", "audit.read_denied", "--principal", "developer@example.com");
  expect(denied.entries).toHaveLength(1);
});

test.each([
  [[]],
  [["--format", "pdf"]],
  [["--format", "har"]],
  [["--format", "har", "--session", "../x"]],
  [["--format", "csv", "--bundle", "x"]],
  [["data", "--format", "csv"]],
])("export %j is not understood, and asks nobody", async (words) => {
  expect((await exported(...words)).status).toBe(2);
});

test("OCSF: every entry is a valid event, and the export is on record with what was asked for", async () => {
  const said = await exported("--format", "ocsf", "--session", session);
  const events = said.out.split("\n").map((line): unknown => JSON.parse(line));
  expect(events.length).toBeGreaterThanOrEqual(4);
  expect(events.flatMap(ocsfProblems)).toEqual([]);
  const file = join(world.folder, "events.jsonl");
  const detailed = await exported("--format", "ocsf", "--detail", "--session", session, "--output", file);
  expect(detailed.out).toBe(`${events.length} entries in ${file}`);
  expect(readFileSync(file, "utf8")).toContain('"detail":{"method":"GET"');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect((await exported("--format", "ocsf", "--output", file)).err).toContain("it is there already");
  const [last] = (await search("--kind", "audit.export", "--limit", "1")).entries;
  const shown = await run("audit", "show", String(last?.index), "--json", ...asAuditor);
  expect(JSON.parse(shown.out)).toMatchObject({
    detail: { what: "entries", format: "ocsf", asked: { session, detail: "true" } },
  });
});

test("CSV: a header and a line for each entry", async () => {
  const said = await exported("--format", "csv", "--session", session, "--kind", "exchange.refused");
  expect(said.out).toMatch(
    /^index,at,kind,principal,.*\r\n\d+,.*,exchange\.refused,developer@example\.com,.*\r$/,
  );
});

test("HAR: the session's exchanges in order of time, masked, each naming its audit entry", async () => {
  const file = join(world.folder, "session.har");
  expect((await exported("--format", "har", "--session", session, "--output", file)).out).toBe(
    `2 exchanges in ${file}`,
  );
  const { log } = harFile.parse(JSON.parse(readFileSync(file, "utf8")));
  expect(log.entries.map(({ request, response }) => [request.method, response.status])).toEqual([
    ["GET", 200],
    ["POST", 0],
  ]);
  expect(log.entries[0]?.request.queryString).toEqual([{ name: "filter", value: "a=b" }]);
  expect(log.entries[0]?.["_auditIndex"]).toBeTypeOf("number");
});

test("a bundle of a session is verified offline, with the key alone", async () => {
  const said = await exported("--bundle", bundle, "--session", session);
  expect([said.status, said.err]).toEqual([0, ""]);
  expect(said.out).toMatch(/^Verified: .*\n {2}entries +\d+, each proven.*\n {2}recordings +1,/);
  const key = ["--key", join(world.data, "log.vkey")];
  const verified = await gatehouse("http://127.0.0.1:1", "audit", "verify", bundle, ...key, "--json");
  expect([verified.status, JSON.parse(verified.out)]).toMatchObject([
    0,
    { source: "bundle", kind: "verified", recordings: 1 },
  ]);
  expect((await exported("--bundle", bundle, "--session", session)).err).toContain("not empty");
});

const tools = ["bash", "sha256sum", "openssl", "python3", "awk"];
const missing = tools.find((tool) => spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0);
if (missing !== undefined) console.log(`the bundle's README: skipped, ${missing} is not installed`);

test.skipIf(missing !== undefined)(
  "its README verifies it with public tools, and finds what was forged",
  async () => {
    const said: string[] = [];
    for (const { commands } of blocksOf(join(bundle, "README.md"))) {
      const ran = await runBlock(commands, bundle, process.env);
      expect([ran.status, ran.said]).toEqual([0, expect.any(String)]);
      said.push(ran.said);
    }
    expect(said.join("")).toMatch(
      /Signature Verified Successfully[\s\S]*entries proven under a checkpoint of size/,
    );
    const forged = copyOf(bundle, "forged");
    const [leaf] = filesOf(forged).filter((file) => file.endsWith(".leaf"));
    changeByte(join(forged, leaf ?? ""), 10);
    const [, , python] = blocksOf(join(forged, "README.md"));
    expect((await runBlock(python?.commands ?? "", forged, process.env)).said).toMatch(
      /proves another entry/,
    );
  },
);

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((found) => found.isFile())
    .map((found) => join(found.parentPath, found.name).slice(folder.length + 1));
}

function copyOf(folder: string, name: string): string {
  const copy = join(world.folder, name);
  rmSync(copy, { recursive: true, force: true });
  cpSync(folder, copy, { recursive: true });
  return copy;
}

function changeByte(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

const verdictOn = (folder: string): Promise<Said> =>
  gatehouse("http://127.0.0.1:1", "audit", "verify", folder);

test("one byte changed in any file is found, and the file is named", async () => {
  const files = filesOf(bundle);
  expect(files.length).toBeGreaterThan(10);
  for (const file of files) {
    const copy = copyOf(bundle, "changed");
    changeByte(join(copy, file), 70);
    const said = await verdictOn(copy);
    expect([file, said.status]).toEqual([file, 7]);
    // A digest that was changed no longer fits the file it belongs to.
    expect(said.out).toContain(file === "SHA256SUMS" ? "NOT VERIFIED" : `NOT VERIFIED: ${file}: `);
  }
});

/** What somebody does who knows that digests are checked. */
function listAnew(folder: string): void {
  const sums = spawnSync(
    "sh",
    ["-c", "find . -type f ! -name SHA256SUMS | sed 's|^./||' | sort | xargs sha256sum"],
    {
      cwd: folder,
    },
  );
  writeFileSync(join(folder, "SHA256SUMS"), sums.stdout);
}

test.skipIf(missing !== undefined)(
  "forged entries, proofs and words are found though every digest was made anew",
  async () => {
    const kinds = ["checkpoint", "log.vkey", ".leaf", ".tlog-proof"];
    for (const kind of kinds) {
      const copy = copyOf(bundle, "forged");
      const file = filesOf(copy).find((each) => each.endsWith(kind)) ?? "";
      changeByte(join(copy, file), 70);
      listAnew(copy);
      const said = await verdictOn(copy);
      expect([kind, said.status, said.out]).toEqual([kind, 7, expect.stringMatching(/^NOT VERIFIED: /)]);
    }
    const swapped = copyOf(bundle, "forged");
    const [one = "", other = ""] = filesOf(swapped).filter((file) => /entries\/\d+\.json$/.test(file));
    cpSync(join(swapped, one), join(swapped, other));
    listAnew(swapped);
    expect((await verdictOn(swapped)).out).toBe(
      `NOT VERIFIED: ${other}: it is about another entry than the one proven`,
    );
  },
);

test("a file too many, a file too few and a link are found", async () => {
  const more = copyOf(bundle, "changed");
  writeFileSync(join(more, "entries", "extra.json"), "{}");
  expect((await verdictOn(more)).out).toContain("entries/extra.json: SHA256SUMS does not list it");
  const fewer = copyOf(bundle, "changed");
  rmSync(join(fewer, "README.md"));
  expect((await verdictOn(fewer)).out).toContain("README.md: it is missing");
  const linked = copyOf(bundle, "changed");
  rmSync(join(linked, "README.md"));
  symlinkSync("/etc/hostname", join(linked, "README.md"));
  const said = await verdictOn(linked);
  expect([said.status, said.out]).toEqual([
    7,
    expect.stringMatching(/^NOT VERIFIED: README\.md: it is neither/),
  ]);
});

test("a bundle of another log's key is not believed", async () => {
  const elsewhere = await startWorld();
  const key = join(elsewhere.data, "log.vkey");
  const said = await gatehouse("http://127.0.0.1:1", "audit", "verify", bundle, "--key", key);
  await elsewhere.close();
  expect([said.status, said.out]).toEqual([
    7,
    "NOT VERIFIED: log.vkey: it is not the key this bundle is checked with",
  ]);
}, 30_000);

test("nothing that fits makes no bundle", async () => {
  const said = await exported("--bundle", join(world.folder, "none"), "--principal", "nobody@example.com");
  expect([said.status, said.err]).toEqual([1, expect.stringContaining("No entry fits")]);
});

test("a HAR of no session says what is missing", async () => {
  expect((await exported("--format", "har")).err).toBe("gatehouse: --format har needs --session ID.");
});

test("what a bundle or a proof cannot be held against is not taken for granted", async () => {
  for (const more of [
    ["--pinned", "x"],
    ["--witness", "x"],
    ["--against", "x"],
    ["--pin"],
    ["--all-opened"],
  ]) {
    const said = await gatehouse("http://127.0.0.1:1", "audit", "verify", bundle, ...more);
    expect([said.status, said.err]).toEqual([2, expect.stringContaining("takes --key alone")]);
  }
});
