import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { type Outcome, type RunningCommand, type Stage, setStage } from "../../src/cli/local/demo/stage.ts";

// What becomes of a session when its command is over, on a whole Gatehouse.
const timeout = 90_000;
let stage: Stage;
beforeAll(async () => {
  stage = await setStage({ isGcloudAllowed: false });
}, 60_000);
afterAll(() => stage.close());

const httpCall = join(import.meta.dirname, "../../src/cli/local/demo/http-call.ts");
const instances = "/compute/v1/projects/practice-project/zones/us-central1-a/instances";
const deleteCall = (name: string) =>
  ["node", httpCall, "DELETE", `https://compute.googleapis.com${instances}/${name}`] as const;
const deleted = (name: string): number =>
  stage.quickStart.cloud.count({ method: "DELETE", path: `${instances}/${name}` });

const sessionList = z.object({ sessions: z.array(z.object({ id: z.string(), state: z.string() })) });
const approvalList = z.object({
  approvals: z.array(z.object({ id: z.string(), state: z.string() })),
});

async function json<Shape extends z.ZodType>(shape: Shape, ...words: string[]): Promise<z.output<Shape>> {
  const { stdout, stderr, status } = await stage.gatehouse(...words, "--json");
  expect(status, stderr).toBe(0);
  return shape.parse(JSON.parse(stdout));
}

const sessions = async () =>
  (await json(sessionList, "sessions", "list", "--as", "auditor@example.com")).sessions;
const stateOf = async (id: string) => (await sessions()).find((each) => each.id === id)?.state;
const approvals = async () =>
  (await json(approvalList, "approvals", "list", "--as", "approver@example.com")).approvals;

/** The run of a call that waits for people, once it does. */
async function held(name: string) {
  const known = (await approvals()).map(({ id }) => id);
  const run = stage.agent(...deleteCall(name));
  for (;;) {
    const asked = (await approvals()).find(({ id }) => !known.includes(id));
    if (asked === undefined) continue;
    const [{ id: sessionId } = { id: "" }] = await sessions();
    return { run, asked: { ...asked, sessionId } };
  }
}

async function interrupted(run: RunningCommand): Promise<Outcome> {
  run.process.kill("SIGTERM");
  return run.outcome;
}

test("a session ends with its command, whatever that returned, and its recordings can be erased", {
  timeout,
}, async () => {
  const before = (await sessions()).length;
  expect(await stage.agent("sh", "-c", "exit 3").outcome).toMatchObject({ status: 3, stderr: "" });
  expect((await stage.agent("sh", "-c", "kill -KILL $$").outcome).status).toBe(137);
  const newest = (await sessions()).slice(0, -before || undefined);
  expect(newest.map(({ state }) => state)).toEqual(["ended", "ended"]);
  const [{ id } = { id: "" }] = newest;
  const ask = ["audit", "erase", id, "--reason", "asked by its owner", "--as", "auditor@example.com"];
  const asked = await stage.gatehouse(...ask);
  expect(asked.status, asked.stderr).toBe(0);
  const found = await stage.gatehouse(
    ...["audit", "search", "--kind", "session.ended", "--principal", "developer@example.com"],
    ...["--as", "auditor@example.com"],
  );
  expect(found.stdout).toContain("session.ended");
});

test("a call that was held when its run was interrupted is approved later, and the command run again gets it done once", {
  timeout,
}, async () => {
  const { run, asked } = await held("web-1");
  expect((await interrupted(run)).status).toBe(143);
  expect(await stateOf(asked.sessionId)).toBe("ended");
  expect((await approvals()).find(({ id }) => id === asked.id)?.state).toBe("pending");
  expect((await stage.gatehouse("login", "--as", "developer@example.com")).status).toBe(0);
  const approved = await stage.gatehouse("approvals", "approve", asked.id, "--as", "approver@example.com");
  expect(approved.status, approved.stderr).toBe(0);
  expect((await stage.gatehouse("wait", asked.id, "--max", "1m")).status).toBe(0);
  expect(deleted("web-1")).toBe(0);
  const again = await stage.agent(...deleteCall("web-1")).outcome;
  expect(again.status, again.stderr).toBe(0);
  expect(deleted("web-1")).toBe(1);
});

test("an agent does not escape a stop by ending its session: what it asked for is withdrawn, and its command asks anew", {
  timeout,
}, async () => {
  const { run, asked } = await held("web-2");
  await interrupted(run);
  expect(await stateOf(asked.sessionId)).toBe("ended");
  const stop = await stage.gatehouse("sessions", "stop", asked.sessionId, "--as", "operator@example.com");
  expect(stop.status, stop.stderr).toBe(0);
  const late = await stage.gatehouse("approvals", "approve", asked.id, "--as", "approver@example.com");
  expect(late.status).not.toBe(0);
  const next = await held("web-2");
  expect(next.asked.id).not.toBe(asked.id);
  await interrupted(next.run);
  expect(deleted("web-2")).toBe(0);
});

test("a helper that is killed leaves its session to its time, and what it asked for", {
  timeout,
}, async () => {
  const { run, asked } = await held("db-1");
  run.process.kill("SIGKILL");
  await run.outcome;
  expect(await stateOf(asked.sessionId)).toBe("running");
});

test("a run of the helper service ends its session with its command, the others' go on, and the service ends those", {
  timeout,
}, async () => {
  const service = stage.start("agent", "start", "--as", "developer@example.com");
  await said(service, "is ready at");
  const other = stage.agent("sh", "-c", "echo there; read go");
  await said(other, "there");
  const [{ id: othersId } = { id: "" }] = await sessions();
  expect((await stage.agent("true").outcome).status).toBe(0);
  const [{ id } = { id: "" }] = await sessions();
  expect(id).not.toBe(othersId);
  // The command need not wait for the service.
  while ((await stateOf(id)) === "running");
  expect([await stateOf(id), await stateOf(othersId)]).toEqual(["ended", "running"]);
  expect((await stage.gatehouse("agent", "stop")).status).toBe(0);
  expect((await service.outcome).status).toBe(0);
  expect(await stateOf(othersId)).toBe("ended");
  other.process.stdin?.end("go\n");
  await other.outcome;
});

function said(command: RunningCommand, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let heard = "";
    const listen = (chunk: Buffer): void => {
      heard += String(chunk);
      if (heard.includes(text)) resolve();
    };
    command.process.stdout?.on("data", listen);
    command.process.stderr?.on("data", listen);
    void command.outcome.then(({ stdout, stderr }) => reject(new Error(`${stdout}\n${stderr}`)));
  });
}
