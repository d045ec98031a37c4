import { afterEach, beforeEach, expect, test } from "vitest";
import {
  type FakeControlPlane,
  refusal,
  startFakeControlPlane,
} from "../../../../test/fakes/control-plane.ts";
import {
  type FakeIdentityProvider,
  startFakeIdentityProvider,
} from "../../../../test/fakes/identity-provider.ts";
import { type FakeTerminal, fakeTerminal } from "../../../../test/fakes/terminal.ts";
import { runCommandLine } from "../../program.ts";
import { addAuditCommands } from "../audit.ts";

let provider: FakeIdentityProvider;
let plane: FakeControlPlane;
let terminal: FakeTerminal;
beforeEach(async () => {
  provider = await startFakeIdentityProvider();
  plane = await startFakeControlPlane({ issuer: provider.issuer });
  terminal = fakeTerminal({ environment: { GATEHOUSE_URL: plane.url } });
});
afterEach(async () => {
  await provider.close();
  await plane.close();
  terminal.remove();
});

const search = (...words: string[]): Promise<{ status: number; out: string }> =>
  run("audit", "search", ...words);

async function run(...words: string[]): Promise<{ status: number; out: string }> {
  const all = [...words, "--as", "auditor@example.com"];
  const parts = { version: "0.0.0", localCommands: [addAuditCommands] };
  const status = await runCommandLine(all, parts, terminal);
  return { status, out: terminal.stdout.splice(0).join("\n") };
}

const entry = (index: number) => ({
  index,
  stage: "published",
  id: "rec_1",
  kind: "exchange.intent",
  at: "2026-11-24T12:00:00.000Z",
  resource: "b/\u001b[31mo",
});
const asked = (): string[] =>
  plane.requests
    .filter(({ path }) => path.startsWith("/api/v1/audit"))
    .map(({ path }) => path.split("?")[1] ?? "");

test("what cannot be asked for never reaches the server", async () => {
  for (const words of [
    ["--from", "yesterday"],
    ["--to", "2026-13-01"],
    ["--limit", "0"],
    ["--limit", "x"],
  ]) {
    expect((await search(...words)).status, words.join(" ")).toBe(2);
  }
  expect(asked()).toEqual([]);
});

const session = "ses_1";
test.each([
  ["a class that does not exist", ["--class", "destructve"], "Did you mean destructive?"],
  ["a kind that does not exist", ["--kind", "nonsense"], "Those are log.open, exchange.intent"],
  ["a decision that does not exist", ["--decision", "alow"], "Did you mean allow?"],
  ["a span with nothing in it", ["--from", "2h", "--to", "3h"], "--from 2h is not before --to 3h"],
  ["a span of one moment", ["--from", "2026-11-24", "--to", "2026-11-24"], "nothing lies between"],
  ["a status that is no number", ["--status", "abc"], "abc is not a number from 100 to 999"],
])(
  "a mistake never looks as if nothing had happened: %s is refused wherever it is asked for",
  async (_, words, said) => {
    const isOfHolds = words.every((word) => !/^--(kind|decision|status)$/.test(word));
    const asking = [
      ["search"],
      ["export", "--format", "csv"],
      ["export", "--format", "har", "--session", session],
      ...(isOfHolds ? [["hold", "set", "--reason", "why"]] : []),
    ];
    for (const command of asking) {
      expect(await run("audit", ...command, ...words), command.join(" ")).toMatchObject({ status: 2 });
      expect(terminal.stderr.splice(0).join("\n")).toContain(said);
    }
    expect(asked()).toEqual([]);
  },
);

test("a place that no page ended with is refused, and what it should be is said", async () => {
  expect((await search("--before", "garbage")).status).toBe(2);
  expect(terminal.stderr.join("\n")).toContain("--before: garbage is no place in a listing");
  expect(asked()).toEqual([]);
});

test("a server that answers in part is asked on until the page is full, and its pauses are kept", async () => {
  const answers = [
    { status: 200, body: { entries: [entry(9)], next: "2026-11-24T12:00:00.000Z~9" } },
    refusal(429, "too_many_requests", "Too many requests."),
    { status: 200, body: { entries: [], next: "2026-11-24T12:00:00.000Z~5" } },
    { status: 200, body: { entries: [entry(4)], next: "2026-11-24T12:00:00.000Z~4" } },
  ];
  plane.routes.set(
    "GET /api/v1/audit/entries",
    () => answers.shift() ?? refusal(500, "internal", "asked too often"),
  );
  const { status, out } = await search("--limit", "2", "--class", "read");
  expect(status).toBe(0);
  expect(out).toMatch(/^INDEX[\s\S]*\n9 [\s\S]*\n4 [\s\S]*More: --before 2026-11-24T12:00:00\.000Z~4$/);
  expect(out).not.toContain("\u001b");
  expect(terminal.waits).toEqual([1_000]);
  expect(asked()).toEqual([
    "class=read&limit=2",
    ...Array<string>(2).fill("class=read&limit=1&before=2026-11-24T12%3A00%3A00.000Z%7E9"),
    "class=read&limit=1&before=2026-11-24T12%3A00%3A00.000Z%7E5",
  ]);
});

test("words are asked for as they are, and how far back the server has looked is said beside the answer", async () => {
  const answers = Array.from({ length: 12 }, (_, n) => ({
    status: 200,
    body: {
      entries: n === 11 ? [entry(4)] : [],
      ...(n === 11 ? {} : { next: `2026-11-24T12:00:0${n % 10}.000Z~9` }),
    },
  }));
  plane.routes.set(
    "GET /api/v1/audit/entries",
    () => answers.shift() ?? refusal(500, "internal", "asked too often"),
  );
  const { status, out } = await search("--text", "Bucket  denied", "--json");
  expect([status, JSON.parse(out)]).toMatchObject([0, { entries: [{ index: 4 }] }]);
  expect(asked()[0]).toBe("text=Bucket++denied&limit=50");
  expect(terminal.stderr).toEqual(["Looked back to 2026-11-24T12:00:09.000Z; 0 found so far."]);
});

test("an entry that cannot be read is a line of its own that says what to do", async () => {
  const problem = "Unreadable entry at index 7: verify the log.";
  const broken = { index: 7, stage: "published", id: "", kind: "unreadable", at: "", problem };
  plane.routes.set("GET /api/v1/audit/entries", () => ({
    status: 200,
    body: { entries: [entry(9), broken, entry(4)] },
  }));
  expect((await search()).out).toMatch(/\n9 [^\n]*\n7 +Unreadable entry at index 7: verify the log\.\n4 /);
});

test("a log in which nothing fits is asked for to its end, and that is said", async () => {
  plane.routes.set("GET /api/v1/audit/entries", () => ({ status: 200, body: { entries: [] } }));
  expect((await search()).out).toBe("No entry fits.");
});

test("on a screen the listing is no wider than it, and the same words piped are whole", async () => {
  const operation = "secretmanager.projects.secrets.versions.access";
  plane.routes.set("GET /api/v1/audit/entries", () => ({
    status: 200,
    body: { entries: [{ ...entry(4), operation, principal: "developer@example.com" }] },
  }));
  expect((await search()).out).toContain(operation);
  terminal.remove();
  terminal = fakeTerminal({ environment: { GATEHOUSE_URL: plane.url }, screenColumns: 80 });
  const { out } = await search();
  expect(out).toContain("…");
  expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
});
