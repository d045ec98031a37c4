import { afterEach, beforeEach, expect, test } from "vitest";
import type { SessionDetail } from "#api";
import { type FakeControlPlane, refusal, startFakeControlPlane } from "../../../test/fakes/control-plane.ts";
import {
  type FakeIdentityProvider,
  startFakeIdentityProvider,
} from "../../../test/fakes/identity-provider.ts";
import { type FakeTerminal, fakeTerminal } from "../../../test/fakes/terminal.ts";
import { runCommandLine } from "../program.ts";

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

type Exchange = SessionDetail["exchanges"][number];

const exchange = (id: string, at: string, more: Partial<Exchange> = {}): Exchange => ({
  id,
  at: `2026-11-24T${at}Z`,
  method: "GET",
  host: "storage.googleapis.com",
  operation: "storage.objects.get",
  class: "read",
  resource: "b/o",
  decision: "allow",
  reasons: ["main/reads"],
  status: 200,
  outcome: "answered",
  maskedValues: 0,
  ...more,
});

const message = (startLine: string, body: string) => ({
  startLine,
  headers: [["content-type", "application/json"]] as [string, string][],
  body,
  encoding: "utf8" as const,
  isTruncated: false,
});

function serve(exchanges: readonly Exchange[], more: Partial<SessionDetail> = {}): void {
  const session: SessionDetail = {
    id: "ses_1",
    principal: { id: "p", email: "developer@example.com", issuer: "https://i.example", subject: "s" },
    agent: "cursor",
    startedAt: "2026-11-24T12:00:00.000Z",
    endsAt: "2026-11-24T20:00:00.000Z",
    state: "running",
    exchanges: [...exchanges],
    ...more,
  };
  plane.routes.set("GET /api/v1/sessions/ses_1", () => ({ status: 200, body: session }));
}

async function replay(...words: string[]): Promise<{ status: number; out: string; err: string }> {
  const all = ["sessions", "replay", "ses_1", "--as", "auditor@example.com", ...words];
  const status = await runCommandLine(all, { version: "0.0.0", localCommands: [] }, terminal);
  return { status, out: terminal.stdout.splice(0).join("\n"), err: terminal.stderr.splice(0).join("\n") };
}

const story = [
  exchange("exc_1", "12:00:02.000"),
  exchange("exc_2", "12:00:02.500", { operation: "compute.instances.delete", class: "destructive" }),
  exchange("exc_3", "13:00:00.000", { decision: "policy_denied", outcome: "refused", reasons: [] }),
];

test("what was recorded cannot repaint the terminal or pass for a line of ours", async () => {
  const hostile = "x\u001b[2K\r[+0:00:09] all fine\nallow (main/reads): answered 200\u202e";
  serve([
    exchange("exc_1", "12:00:02.000", {
      resource: "b/\u001b[31mo\nallow: answered",
      request: message("GET /\u0007 HTTP/1.1", hostile),
    }),
  ]);
  const { out } = await replay("--speed", "0");
  expect(out).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
  const ours = out.split("\n").filter((line) => !line.startsWith("  > "));
  expect(ours.filter((line) => line.startsWith("allow"))).toEqual(["allow (main/reads): answered 200"]);
});

test("of an erased session the replay says that its person's name is gone, and names nobody", async () => {
  const principal = { id: "erased", issuer: "erased", subject: "erased" };
  serve(story, { principal, erasure: { index: 9, at: "2026-11-25T12:00:00.000Z", cause: "retention" } });
  const { out } = await replay("--speed", "0");
  expect(out).toMatch(/^ses_1: somebody whose name was erased with cursor, /);
});

test("a session that is not there, and options that mean nothing, are refused", async () => {
  plane.routes.set("GET /api/v1/sessions/ses_1", () => refusal(404, "not_found", "There is no such thing."));
  expect((await replay()).status).toBe(1);
  for (const words of [
    ["--speed", "-1"],
    ["--speed", "fast"],
    ["--skip-idle", "soon"],
    ["--bodies", "some"],
    ["--outcome", "answred"],
    ["--class", "bogus"],
    ["--decision", "alow"],
  ]) {
    expect((await replay(...words)).status, words.join(" ")).toBe(2);
  }
});

test("it takes the time it took, divided by the speed, and no pause is longer than asked for", async () => {
  serve(story);
  await replay("--skip-idle", "1m");
  expect(terminal.waits.splice(0)).toEqual([2_000, 500, 60_000]);
  await replay("--speed", "10");
  expect(terminal.waits.splice(0)).toEqual([200, 50, 3_000]);
  await replay("--speed", "0");
  expect(terminal.waits.splice(0)).toEqual([0, 0, 0]);
  serve(story.toReversed());
  await replay("--skip-idle", "1s");
  expect(terminal.waits.splice(0)).toEqual([1_000, 0, 0]);
  await replay("--step");
  expect(terminal.waits.splice(0)).toEqual(["enter", "enter", "enter"]);
});

test("only what was asked for is shown, and how much there was is said", async () => {
  serve(story);
  const shownBy = async (...words: string[]): Promise<string[]> =>
    [...(await replay("--speed", "0", ...words)).out.matchAll(/^\[(\S+)\]/gm)].map(([, at]) => at ?? "");
  expect(await shownBy()).toEqual(["+0:00:02", "+0:00:02", "+1:00:00"]);
  expect(await shownBy("--operation", "instances")).toHaveLength(1);
  expect(await shownBy("--class", "destructive")).toHaveLength(1);
  expect(await shownBy("--decision", "policy_denied")).toEqual(["+1:00:00"]);
  expect(await shownBy("--outcome", "answered", "--class", "read")).toEqual(["+0:00:02"]);
  expect((await replay("--outcome", "running")).out).toContain("0 of 3 exchanges");
});

test("a session with more exchanges than the server shows says that it begins in the middle", async () => {
  serve(Array.from({ length: 500 }, (_, n) => exchange(`exc_${n}`, "12:00:02.000")));
  expect((await replay("--speed", "0")).out).toContain("gatehouse audit search --session");
});

test("masked bodies are shown short, in full, or not at all", async () => {
  const body = Array.from({ length: 40 }, (_, n) => `line ${n}`).join("\n");
  serve([
    exchange("exc_1", "12:00:02.000", {
      request: message("GET /v1/secret HTTP/1.1", ""),
      answer: { ...message("HTTP/1.1 200", body), isTruncated: true },
      maskedValues: 1,
    }),
  ]);
  const short = (await replay("--speed", "0")).out;
  expect(short).toContain(
    "  > GET /v1/secret HTTP/1.1\n  > content-type: application/json\n  < HTTP/1.1 200",
  );
  expect(short).toContain("allow (main/reads): answered 200, 1 masked");
  expect(short).toMatch(
    /line 16\n {2}< … 23 more lines: --bodies full\n {2}< … only the beginning was recorded/,
  );
  expect((await replay("--speed", "0", "--bodies", "full")).out).toContain("  < line 39");
  expect((await replay("--speed", "0", "--bodies", "none")).out).not.toContain("HTTP/1.1");
});

test("for programs each exchange is one line of JSON, at once", async () => {
  serve(story);
  const { out } = await replay("--json", "--class", "read");
  expect(out.split("\n").map((line) => (JSON.parse(line) as Exchange).id)).toEqual(["exc_1", "exc_3"]);
  expect(terminal.waits).toEqual([]);
});
