import { afterEach, beforeEach, expect, test } from "vitest";
import { type ExchangeDetail, exchangeSummary, type SessionDetail } from "#api";
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

type Exchange = ExchangeDetail;

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
    exchanges: exchanges.map((each) => exchangeSummary.parse(each)),
    ...more,
  };
  plane.routes.set("GET /api/v1/sessions/ses_1", () => ({ status: 200, body: session }));
  for (const each of exchanges)
    plane.routes.set(`GET ${recordingOf(each)}`, () => ({ status: 200, body: each }));
}

const recordingOf = ({ id }: { id: string }): string => `/api/v1/sessions/ses_1/exchanges/${id}`;
const recordingsRead = (): number => plane.requests.filter(({ path }) => path.includes("/exchanges/")).length;

const replay = (...words: string[]) => sessions("replay", ...words);

async function sessions(
  command: string,
  ...words: string[]
): Promise<{ status: number; out: string; err: string }> {
  const all = ["sessions", command, "ses_1", "--as", "auditor@example.com", ...words];
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
    ["--before", "exc_1&x"],
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
  serve(story, { next: "exc_1" });
  const { out, err } = await replay("--speed", "0", "--before", "exc_9");
  expect([out, err]).toEqual([expect.stringContaining("exchanges before these: --before exc_1"), ""]);
  expect(plane.requests.map(({ path }) => path)).toContain("/api/v1/sessions/ses_1?before=exc_9");
  expect((await replay("--json")).err).toContain("--before exc_1");
  serve(story);
  expect((await replay("--speed", "0")).out).not.toContain("--before");
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

test("an agent that fills hundreds of recordings cannot keep its session from being shown: no more are held than fit", async () => {
  const large = message("HTTP/1.1 200", "x".repeat(4 * 1024 * 1024));
  const ids = Array.from({ length: 24 }, (_, n) => `exc_${n + 10}`);
  serve(ids.map((id) => exchange(id, "12:00:02.000", { answer: large })));
  const readBefore: number[] = [];
  terminal.pause = async () => void readBefore.push(recordingsRead());
  const printed: number[] = [];
  terminal.out = (said) => void printed.push(said.length);
  expect((await replay("--bodies", "full")).status).toBe(0);
  expect(printed.filter((length) => length > 4 * 1024 * 1024)).toHaveLength(ids.length);
  expect(readBefore).toEqual(ids.map((_, at) => Math.min(at + 8, ids.length)));

  plane.requests.splice(0);
  readBefore.splice(0);
  await replay("--bodies", "short");
  expect(readBefore).toEqual(ids.map(() => ids.length));

  plane.requests.splice(0);
  const readWhenPrinted: number[] = [];
  terminal.out = () => void readWhenPrinted.push(recordingsRead());
  expect((await sessions("show", "--json")).status).toBe(0);
  expect(readWhenPrinted).toEqual([0, ...ids.map((_, at) => at + 1), ids.length]);
});

test("only the recordings that are shown are read", async () => {
  serve(story);
  await replay("--speed", "0", "--class", "destructive");
  expect(recordingsRead()).toBe(1);
  await replay("--speed", "0", "--bodies", "none");
  await sessions("show");
  expect(recordingsRead()).toBe(1);
});

test("a sign-in that is over in the middle is made again, and one that shows nothing is not", async () => {
  serve(story);
  let first: string | undefined;
  plane.routes.set(`GET ${recordingOf({ id: "exc_2" })}`, ({ authorization }) => {
    first ??= authorization;
    if (authorization === first) return refusal(401, "sign_in_not_fresh", "Sign in again.");
    return { status: 200, body: story[1] };
  });
  const { out, err, status } = await replay("--json");
  expect(out.split("\n").map((line) => (JSON.parse(line) as Exchange).id)).toEqual([
    "exc_1",
    "exc_2",
    "exc_3",
  ]);
  expect([status, err]).toEqual([0, expect.stringContaining("Sign in again") as string]);

  plane.routes.set(`GET ${recordingOf({ id: "exc_2" })}`, () =>
    refusal(401, "sign_in_not_fresh", "Sign in again."),
  );
  plane.requests.splice(0);
  expect((await replay("--json")).status).not.toBe(0);
  expect(recordingsRead()).toBe(3);
});

test("a session with its recordings is one document, and says where the exchanges before are", async () => {
  serve(story, { next: "exc_1" });
  const { out } = await sessions("show", "--json");
  expect(JSON.parse(out)).toMatchObject({ id: "ses_1", agent: "cursor", next: "exc_1", exchanges: story });
  expect((await sessions("show")).out).toContain("exchanges before these: --before exc_1");
  serve([]);
  expect(JSON.parse((await sessions("show", "--json")).out)).toMatchObject({ id: "ses_1", exchanges: [] });
});
