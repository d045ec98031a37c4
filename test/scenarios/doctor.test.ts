import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { z } from "zod";
import { sessionList } from "#api";
import { reachesLoopback } from "../../src/cli/loopback.ts";
import { runCommandLine } from "../../src/cli/program.ts";
import { fakeTerminal } from "../fakes/terminal.ts";
import { startWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const report = z.object({
  as: z.string().optional(),
  works: z.boolean(),
  loopback: z.boolean(),
  clients: z.array(
    z.looseObject({
      client: z.string(),
      routed: z.boolean(),
      trusted: z.boolean(),
      authenticated: z.boolean(),
      works: z.boolean(),
      seen: z.string(),
      mend: z.string().optional(),
    }),
  ),
});

/** Clients that this machine is made to have: each a line of shell, with a real Node behind it. */
async function doctor(clients: Record<string, string>) {
  const folder = join(world.folder, `bin-${Object.keys(clients).join("-")}`);
  mkdirSync(folder, { recursive: true });
  for (const [name, line] of Object.entries(clients)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${line}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  const terminal = fakeTerminal();
  terminal.environment["PATH"] = folder;
  const words = ["--url", world.quickStart.server.controlUrl, "doctor", "--json"];
  const status = await runCommandLine(words, { version: "0.1.0", localCommands: [] }, terminal);
  terminal.remove();
  expect(terminal.stderr.join("\n")).toBe("");
  return { status, ...report.parse(JSON.parse(terminal.stdout.join("\n"))) };
}

const node = `"${process.execPath}"`;
/** Asks for the list of projects; the helper's preload leads the way. */
const ask = (authorization: string): string =>
  `${node} -e 'require("node:https").get("https://cloudresourcemanager.googleapis.com/v1/projects", { headers: ${authorization} }, (answer) => { console.log("status", answer.statusCode, Object.keys(answer.headers).join(" ")); answer.resume(); }).on("error", (error) => console.log(String(error)))'`;

test("a client whose answer came through Gatehouse works; with the quick start nobody has to sign in first", async () => {
  const { status, as, works, clients } = await doctor({ node: `exec ${node} "$@"` });
  expect([status, as, works]).toEqual([0, "developer@example.com", true]);
  expect(clients).toMatchObject([
    { client: "node", routed: true, trusted: true, authenticated: true, works: true },
  ]);
});

test("doctor ends the session that it opened", async () => {
  await doctor({ node: `exec ${node} "$@"` });
  const auditor = await world.identityToken("auditor@example.com", "gatehouse-console");
  const { text } = await world.control("GET", "/api/v1/sessions", auditor);
  const { sessions } = sessionList.parse(JSON.parse(text));
  const own = sessions.filter(({ agent }) => agent === "gatehouse doctor");
  expect(own.length).toBeGreaterThan(0);
  expect(own.filter(({ state }) => state !== "ended")).toEqual([]);
});

test("a client that goes its own way is not called routed, whatever it prints", async () => {
  const { status, clients } = await doctor({
    gcloud: 'echo "status: 200"; echo "x-audit-record: gatehouse.local/audit/1"',
  });
  expect(status).toBe(1);
  expect(clients).toMatchObject([{ client: "gcloud", routed: false, works: false }]);
  expect(clients[0]?.mend).toContain("gatehouse run -- gcloud");
});

test("a client with certificates of its own is routed, and does not trust", async () => {
  const { clients } = await doctor({ gsutil: `NODE_EXTRA_CA_CERTS= ${ask("{}")}` });
  expect(clients).toMatchObject([{ client: "gsutil", routed: true, trusted: false, works: false }]);
});

test("a client that brings a token nobody knows is routed and trusting, and a stranger", async () => {
  const { clients } = await doctor({ bq: ask('{ authorization: "Bearer a.b.c" }') });
  expect(clients).toMatchObject([
    { client: "bq", routed: true, trusted: true, authenticated: false, works: false },
  ]);
});

test("where loopback TCP is forbidden that is said, with the way that works there", async () => {
  const refusing = vi.spyOn(Socket.prototype, "connect").mockImplementation(function (this: Socket) {
    queueMicrotask(() => this.destroy(Object.assign(new Error("not permitted"), { code: "EPERM" })));
    return this;
  });
  try {
    expect(await reachesLoopback()).toBe(false);
  } finally {
    refusing.mockRestore();
  }
  expect(await reachesLoopback()).toBe(true);
  expect((await doctor({})).loopback).toBe(true);
});

test("a machine without any client is no failure", async () => {
  expect(await doctor({})).toMatchObject({ status: 0, clients: [] });
});

test("a client that doctor does not know is not passed over as one that works", async () => {
  const terminal = fakeTerminal();
  const words = ["--url", world.quickStart.server.controlUrl, "doctor", "--client", "gcluod"];
  const status = await runCommandLine(words, { version: "0.1.0", localCommands: [] }, terminal);
  terminal.remove();
  expect([status, terminal.stdout]).toEqual([2, []]);
  expect(terminal.stderr.join("\n")).toMatch(
    /^gatehouse: Nothing is known of gcluod\. --client takes gcloud, /,
  );
});
