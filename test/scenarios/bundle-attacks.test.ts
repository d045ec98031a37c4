import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, symlinkSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { auditEntryList } from "#api";
import { limits } from "#lib/limits";
import { type BundleVerification, verifyBundle } from "../../src/cli/local/audit/verify-bundle.ts";
import { blocksOf, runBlock } from "../audit/page.ts";
import { gatehouse, type Said } from "../fakes/whole-command-line.ts";
import { changedAt, ForgedBundle, type Json, type Place, placesIn } from "./bundle-forgery.ts";
import { startWorld, type World } from "./world.ts";

// Somebody hands an evidence bundle on, and has changed what it says. They cannot sign for the log, but they can write any file and list it anew.
let world: World;
let bundle = "";
beforeAll(async () => {
  world = await startWorld();
  const agent = await world.agent();
  await agent.call("GET", "https://cloudresourcemanager.googleapis.com/v1/projects?filter=a%3Db");
  const held = agent.call("DELETE", `${instances}/web-1`);
  await approveNext();
  await held;
  await agent.close();
  bundle = join(world.folder, "bundle");
  const listed = sessions.parse(JSON.parse((await run("sessions", "list", "--json", ...asAuditor)).out));
  const session = listed.sessions[0]?.id ?? "";
  await untilPublished(session);
  const said = await run("audit", "export", "--bundle", bundle, "--session", session, ...asAuditor);
  expect([said.status, said.err]).toEqual([0, ""]);
}, 60_000);
afterAll(() => world.close());

const instances =
  "https://compute.googleapis.com/compute/v1/projects/practice-project/zones/us-central1-a/instances";
const asAuditor = ["--as", "auditor@example.com"];
const sessions = z.looseObject({ sessions: z.array(z.looseObject({ id: z.string() })) });
const approvals = z.looseObject({ approvals: z.array(z.looseObject({ id: z.string() })) });
const run = (...words: string[]): Promise<Said> => gatehouse(world.quickStart.server.controlUrl, ...words);

/** The newest entry of the session is under a checkpoint: terminals of tests do not pause, so an export would not wait for it. */
async function untilPublished(session: string): Promise<void> {
  const found = await run("audit", "search", "--session", session, "--limit", "1", "--json", ...asAuditor);
  const [newest] = auditEntryList.parse(JSON.parse(found.out)).entries;
  let size = 0;
  while (size <= (newest?.index ?? 0))
    size = Number((await world.control("GET", "/api/v1/audit/checkpoint")).text.split("\n")[1]);
}

async function approveNext(): Promise<void> {
  const as = ["--as", "approver@example.com"];
  let id: string | undefined;
  while (id === undefined)
    id = approvals.parse(JSON.parse((await run("approvals", "list", "--json", ...as)).out)).approvals[0]?.id;
  expect((await run("approvals", "approve", id, ...as)).status).toBe(0);
}

const json = z.json();
const object = z.record(z.string(), z.json());
type JsonObject = z.infer<typeof object>;
const forged = (): ForgedBundle => new ForgedBundle(bundle, join(world.folder, "forged"));
const words = (of: ForgedBundle, path: string): JsonObject => object.parse(JSON.parse(of.text(path)));

/** What is said of a bundle once somebody did `act` to it and made the digests anew. */
function verdictAfter(act: (victim: ForgedBundle) => void): BundleVerification {
  const victim = forged();
  act(victim);
  victim.listAnew();
  return verifyBundle(victim.folder, undefined);
}

const entryFiles = (of: ForgedBundle): readonly string[] =>
  of.files().filter((path) => /^entries\/.*json$/.test(path));

/** The first entry that has the member, and what is said of it. */
function entryWith(victim: ForgedBundle, member: string): { path: string; said: JsonObject } {
  for (const path of entryFiles(victim)) {
    const said = words(victim, path);
    if (said[member] !== undefined) return { path, said };
  }
  throw new Error(`no entry has a ${member}`);
}

function problemOf(verdict: BundleVerification): string {
  return verdict.kind === "broken" ? verdict.problem : "none";
}

/** As the verifier names them. */
function isNamed(verdict: BundleVerification, where: string, what: string): boolean {
  if (verdict.kind === "broken") return false;
  return verdict.notCovered.some((each) => each.where === where && each.what === what);
}

const ofTheServer = ["principal", "agent", "resource", "detail", "erasure", "attachments.state"];
const nameOf = ([first, , member]: Place): string =>
  first === "attachments" ? `attachments.${String(member)}` : String(first);

test("one word of any entry file changed is found, or is among those that the verdict names as not covered", () => {
  const found = new Set<string>();
  const original = forged();
  for (const path of entryFiles(original)) {
    const said = words(original, path);
    for (const place of placesIn(said)) {
      const verdict = verdictAfter((victim) => victim.writeJson(path, changedAt(said, place)));
      const name = nameOf(place);
      if (verdict.kind === "broken") found.add(name);
      if (ofTheServer.includes(name) && verdict.kind === "verified")
        expect([path, place, isNamed(verdict, "entries/*.json", name)]).toEqual([path, place, true]);
      else expect([path, place, verdict]).toMatchObject([path, place, { kind: "broken", file: path }]);
    }
  }
  const classes = [
    "index",
    "leaf",
    "leafHash",
    "id",
    "kind",
    "at",
    "session",
    "exchange",
    "approval",
    "operation",
  ];
  const decided = ["class", "decision", "status", "policy", "attachments.role", "attachments.bytes"];
  expect([...found]).toEqual(expect.arrayContaining([...classes, ...decided]));
}, 120_000);

test("one word of any recording changed is found, or is named as not covered", () => {
  const original = forged();
  const recordings = original.files().filter((path) => path.startsWith("recordings/"));
  expect(recordings).toHaveLength(2);
  for (const path of recordings) {
    const said = words(original, path);
    for (const place of placesIn(said)) {
      const verdict = verdictAfter((victim) => victim.writeJson(path, changedAt(said, place)));
      const name = nameOf(place);
      if (["request", "answer"].includes(name) && verdict.kind === "verified")
        expect([place, isNamed(verdict, "recordings/*.json", name)]).toEqual([place, true]);
      else expect([place, verdict]).toMatchObject([place, { kind: "broken", file: path }]);
    }
  }
}, 60_000);

test.each([
  ["the operation that was called", "operation", "storage.objects.get"],
  ["the risk class", "class", "read"],
  ["a refusal made an allowance", "decision", "allow_all"],
  ["the upstream's answer", "status", 418],
  ["the time", "at", "2020-01-01T00:00:00.000Z"],
  ["the session", "session", "ses_another"],
  ["the exchange", "exchange", "exc_another"],
  ["the approval", "approval", "apr_another"],
  ["the policy that decided", "policy", "0000"],
  ["the hash of the entry", "leafHash", "AAAA"],
  ["the kind", "kind", "server.start"],
  ["the id", "id", "rec_another"],
])("a forged word is found and named: %s", (_, member, value) => {
  let path = "";
  const verdict = verdictAfter((victim) => {
    const entry = entryWith(victim, member);
    path = entry.path;
    victim.writeJson(path, { ...entry.said, [member]: value });
  });
  const problem = `its "${member}" is not what the entry says`;
  expect(verdict).toEqual({ kind: "broken", file: path, problem });
});

test.each(["operation", "decision", "status", "at", "exchange", "policy", "leafHash"])(
  "a word left out is found: %s",
  (member) => {
    const verdict = verdictAfter((victim) => {
      const { path, said } = entryWith(victim, member);
      const { [member]: _, ...rest } = said;
      victim.writeJson(path, rest);
    });
    expect(problemOf(verdict)).toContain(`"${member}"`);
  },
);

test("a word put into an entry that says nothing of it is found: a decision nobody made", () => {
  const verdict = verdictAfter((victim) => {
    const path = entryFiles(victim).find((each) => words(victim, each)["decision"] === undefined) ?? "";
    victim.writeJson(path, { ...words(victim, path), decision: "allow" });
  });
  expect(verdict).toMatchObject({ kind: "broken", problem: 'its "decision" is not what the entry says' });
});

test.each(["verdict", "stage", "stages", "problem", "__proto__", "constructor"])(
  "a member that no bundle has is an error that names it: %s",
  (member) => {
    for (const folder of ["entries", "recordings"]) {
      let path = "";
      const verdict = verdictAfter((victim) => {
        path = victim.files().find((each) => each.startsWith(folder) && each.endsWith(".json")) ?? "";
        const more = `{\n  ${JSON.stringify(member)}: "published",`;
        victim.write(path, victim.text(path).replace("{", more));
      });
      const problem = `it has a member "${member}", which no bundle has`;
      expect(verdict).toEqual({ kind: "broken", file: path, problem });
    }
  },
);

test("a member within an attachment or a message that no bundle has is found", () => {
  const attachment = verdictAfter((victim) => {
    const { path } = entryWith(victim, "attachments");
    victim.write(path, victim.text(path).replace('"role":', '"note": "seen by counsel",\n      "role":'));
  });
  expect(attachment).toMatchObject({ problem: 'it has a member "attachments.0.note", which no bundle has' });
  const message = verdictAfter((victim) => {
    const path = victim.files().find((each) => each.startsWith("recordings/")) ?? "";
    victim.write(path, victim.text(path).replace('"startLine":', '"note": "x",\n    "startLine":'));
  });
  expect(message).toMatchObject({ problem: 'it has a member "request.note", which no bundle has' });
});

test.each([
  ["a member that is there twice", (text: string) => text.replace("{", '{\n  "session": "ses_another",')],
  ["an escape where a letter would do", (text: string) => text.replace('"session"', '"\\u0073ession"')],
  ["white space", (text: string) => text.replace("\n", "\n\n")],
  ["a second value", (text: string) => `${text}{}\n`],
  ["a byte order mark", (text: string) => `\u{feff}${text}`],
  ["a nesting without a bottom", () => `${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}`],
  ["no JSON", () => "{"],
])("JSON that two readers could read differently is refused: %s", (_, respell) => {
  for (const folder of ["entries", "recordings"]) {
    let path = "";
    const verdict = verdictAfter((victim) => {
      path = victim.files().find((each) => each.startsWith(folder) && each.endsWith(".json")) ?? "";
      victim.write(path, respell(victim.text(path)));
    });
    const problem = "it is not JSON as a bundle spells it, each member once";
    expect(verdict).toEqual({ kind: "broken", file: path, problem });
  }
});

test("an attachment put in, taken out or renamed is found, and so is a detail that has another length or no commitment", () => {
  const changes: ((said: JsonObject) => JsonObject)[] = [
    (said) => ({ ...said, attachments: [] }),
    (said) => ({
      ...said,
      attachments: [
        ...z.array(json).parse(said["attachments"]),
        { role: "answer", bytes: 1, state: "erased" },
      ],
    }),
    (said) => ({ ...said, detail: { made: "up" } }),
    ({ detail: _, ...said }) => said,
  ];
  for (const change of changes) {
    const verdict = verdictAfter((victim) => {
      const { path, said } = entryWith(victim, "detail");
      victim.writeJson(path, change(said));
    });
    expect(problemOf(verdict)).toMatch(/^its "(attachments|detail)"/);
  }
});

test("a recording of another exchange, of another session, of nothing here, or of another length is found", () => {
  const changes: [(said: JsonObject) => JsonObject, string][] = [
    [(said) => ({ ...said, exchange: "exc_another" }), 'its "exchange" is another than its name says'],
    [(said) => ({ ...said, session: "ses_another" }), 'no entry here is of its "exchange" and "session"'],
    [
      ({ answer: _, ...said }) => ({ ...said, answer: longer(said["request"]) }),
      'no entry here commits to a "answer" of its length and end',
    ],
  ];
  for (const [change, problem] of changes) {
    const verdict = verdictAfter((victim) => {
      const path = victim.files().find((each) => each.startsWith("recordings/")) ?? "";
      victim.writeJson(path, change(words(victim, path)));
    });
    expect(verdict).toMatchObject({ kind: "broken", problem });
  }
  const stranger = verdictAfter((victim) =>
    victim.writeJson("recordings/exc_made.json", { exchange: "exc_made", session: "ses_made" }),
  );
  expect(stranger).toMatchObject({
    file: "recordings/exc_made.json",
    problem: 'no entry here is of its "exchange" and "session"',
  });
});

function longer(message: Json | undefined): Json {
  return { ...object.parse(message), body: "what was never answered ".repeat(1_000) };
}

test("names, an erasure and a state that were made up pass, and the verdict of people and of programs says that nothing covers them", async () => {
  const victim = forged();
  const { path, said } = entryWith(victim, "principal");
  const erasure = { index: 1, at: "2026-11-28T12:00:00.000Z", cause: "retention" };
  victim.writeJson(path, { ...said, principal: "somebody@example.com", erasure });
  victim.listAnew();
  const verify = (...more: string[]): Promise<Said> =>
    gatehouse("http://127.0.0.1:1", "audit", "verify", victim.folder, ...more);
  const told = await verify();
  expect(told.status).toBe(0);
  expect(told.out).toMatch(
    /\n {2}not covered by the log: entries\/\*\.json: .*principal \(\d+\).*erasure \(1\)/,
  );
  expect(told.out).toMatch(/\n {2}not covered by the log: recordings\/\*\.json: request \(2\), answer \(2\)/);
  const { notCovered } = z
    .looseObject({ notCovered: z.array(json) })
    .parse(JSON.parse((await verify("--json")).out));
  expect(notCovered).toContainEqual({ where: "entries/*.json", what: "erasure", files: 1 });
});

test("a signature that anybody may add to the checkpoint is named as not covered", () => {
  const line = `— witness.example/w1 ${Buffer.alloc(72, 7).toString("base64")}\n`;
  const verdict = verdictAfter((victim) => {
    for (const path of victim.files().filter((each) => each === "checkpoint" || each.startsWith("proofs/")))
      victim.write(path, `${victim.text(path)}${line}`);
  });
  expect(isNamed(verdict, "checkpoint", "witness.example/w1")).toBe(true);
});

test("a README that says something else is found, whatever it says", () => {
  for (const [from, to] of [
    ["without Gatehouse", "without worry"],
    ["sha256sum", "true #"],
    ["# Evidence of ", "# Evidence of 1"],
  ] as const) {
    const verdict = verdictAfter((victim) =>
      victim.write("README.md", victim.text("README.md").replace(from, to)),
    );
    expect(verdict).toMatchObject({ kind: "broken", file: "README.md" });
  }
});

test("words beside the key are found", () => {
  const verdict = verdictAfter((victim) =>
    victim.write("log.vkey", `${victim.text("log.vkey")}# checked by counsel\n`),
  );
  expect(verdict).toEqual({ kind: "broken", file: "log.vkey", problem: "it is no verifier key" });
});

test("an entry without a proof is found and named", () => {
  const verdict = verdictAfter((victim) => victim.write("entries/9007199254740993.json", "{}\n"));
  expect(verdict).toMatchObject({
    file: "entries/9007199254740993.json",
    problem: "there is no proof of that entry",
  });
});

test.each([
  "../outside",
  "entries/../README.md",
  "/etc/hostname",
  "entries//0.json",
  "./README.md",
  "entries/00.json",
  "NOTES.md",
  "entries/0.json.bak",
  "recordings/exc_\u{202e}.json",
])("a list of digests that names %j is refused, and nothing is read there", (path) => {
  const victim = forged();
  victim.listAnew();
  const lines = victim.text("SHA256SUMS").split("\n").length;
  victim.write("SHA256SUMS", `${victim.text("SHA256SUMS")}${"0".repeat(64)}  ${path}\n`);
  const problem = `line ${lines} names no file of a bundle`;
  expect(verifyBundle(victim.folder, undefined)).toEqual({ kind: "broken", file: "SHA256SUMS", problem });
});

test("a file that is listed twice is found", () => {
  const victim = forged();
  const sums = victim.text("SHA256SUMS");
  victim.write("SHA256SUMS", `${sums}${sums.split("\n")[0]}\n`);
  expect(problemOf(verifyBundle(victim.folder, undefined))).toMatch(/^line \d+ names a file again$/);
});

test("links, folders and pipes are named and never followed", () => {
  const plants: [string, (place: string) => void][] = [
    ["README.md", (place) => symlinkSync("/etc/hostname", place)],
    ["proofs", (place) => symlinkSync(join(bundle, "proofs"), place)],
    ["checked by counsel", (place) => mkdirSync(place)],
    ["entries/0", (place) => mkdirSync(place)],
    ["entries/pipe", (place) => spawnSync("mkfifo", [place])],
  ];
  for (const [path, plant] of plants) {
    const victim = forged();
    rmSync(join(victim.folder, path), { recursive: true, force: true });
    plant(join(victim.folder, path));
    const problem = "it is neither a plain file nor a folder of a bundle";
    expect(verifyBundle(victim.folder, undefined)).toEqual({ kind: "broken", file: path, problem });
  }
});

test("a file larger than any that a bundle has is refused unread", () => {
  const victim = forged();
  truncateSync(join(victim.folder, "README.md"), limits.controlAnswerBytesMax + 1);
  const problem = `it is larger than ${limits.controlAnswerBytesMax} bytes`;
  expect(verifyBundle(victim.folder, undefined)).toEqual({ kind: "broken", file: "README.md", problem });
});

test("the name of a file cannot write a line of the verdict", async () => {
  const victim = forged();
  victim.write("x\nVerified: everything", "");
  const said = await gatehouse("http://127.0.0.1:1", "audit", "verify", victim.folder);
  expect([said.status, said.out]).toEqual([
    7,
    "NOT VERIFIED: x\\u{a}Verified: everything: SHA256SUMS does not list it",
  ]);
});

test("whoever asks for what a bundle cannot show is told so, and no bundle passes for witnessed or pinned", async () => {
  const asked = [
    ["--witness", "w"],
    ["--pinned", "x"],
    ["--pin"],
    ["--against", "x"],
    ["--witnessed-within", "1h"],
  ];
  for (const more of asked) {
    const said = await gatehouse("http://127.0.0.1:1", "audit", "verify", bundle, ...more);
    expect([more, said.status, said.err]).toEqual([
      more,
      2,
      expect.stringContaining("an evidence bundle takes --key alone"),
    ]);
  }
});

test("a bundle of some entries of an exchange holds only the recordings that those commit to", async () => {
  const intents = join(world.folder, "intents");
  const said = await run("audit", "export", "--bundle", intents, "--kind", "exchange.intent", ...asAuditor);
  expect([said.status, said.err]).toEqual([0, ""]);
  expect(readdirSync(intents)).not.toContain("recordings");
});

test("a bundle of an erased session is verified, and its erasure is not covered", async () => {
  const [path = ""] = forged()
    .files()
    .filter((each) => each.startsWith("recordings/"));
  const session = z.string().parse(words(forged(), path)["session"]);
  const operator = ["--as", "operator@example.com"];
  await run("sessions", "stop", "--principal", "developer@example.com", ...operator);
  const asked = await run("audit", "erase", session, "--reason", "asked for", "--json", ...asAuditor);
  const { id } = z.looseObject({ id: z.string() }).parse(JSON.parse(asked.out));
  const second = ["--as", "second-auditor@example.com"];
  expect((await run("audit", "erase", "--confirm", id, ...second)).status).toBe(0);
  await untilPublished(session);
  const all = join(world.folder, "all");
  const said = await run("audit", "export", "--bundle", all, "--session", session, ...asAuditor);
  expect([said.status, said.err]).toEqual([0, ""]);
  const verdict = verifyBundle(all, undefined);
  expect([verdict.kind, isNamed(verdict, "entries/*.json", "erasure")]).toEqual(["verified", true]);
  expect(isNamed(verdict, "recordings/*.json", "answer")).toBe(false);
});

const missing = ["bash", "python3"].find(
  (tool) => spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0,
);
if (missing !== undefined) console.log(`the bundle's README: skipped, ${missing} is not installed`);

test.skipIf(missing !== undefined)(
  "the README finds a forged word and a member that is there twice, with Python alone",
  async () => {
    const [, , , python] = blocksOf(join(bundle, "README.md"));
    const twice = forged();
    const { path, said } = entryWith(twice, "decision");
    twice.write(path, twice.text(path).replace("{", '{\n  "kind": "server.stop",'));
    expect((await runBlock(python?.commands ?? "", twice.folder, process.env)).said).toContain(
      "a member is there twice",
    );
    const changed = forged();
    changed.writeJson(path, { ...said, decision: "allow_all" });
    expect((await runBlock(python?.commands ?? "", changed.folder, process.env)).said).toContain(
      `${path} says what the entry does not`,
    );
  },
);
