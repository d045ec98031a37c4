import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test, vi } from "vitest";
import { verifyLog } from "#audit";
import { openDatabaseForReading } from "../../src/storage/sqlite/index.ts";
import { auditStore } from "../../src/storage/stores/index.ts";
import { entries } from "../scenarios/log-entries.ts";
import { type AgentOf, agentOf, type Reply } from "../scenarios/test-agent.ts";
import { prepareServer, type ServerChild } from "./server-child.ts";
import { mountSmall } from "./small-disk.ts";
import { coveringSync, stepsIn, tracing, whyNoTracing } from "./system-calls.ts";
import { temporaryFolder } from "./temporary-folder.ts";

// The disk misbehaves under the real server. Each time: calls are refused in words, nothing arrives that is not on record, and
// afterwards it works again without anybody's hand.

const noTracing = whyNoTracing();
if (noTracing !== undefined) console.log(`skipped: system calls cannot be traced here: ${noTracing}`);

async function prepared(): Promise<ServerChild> {
  const server = await prepareServer();
  onTestFinished(() => server.close());
  return server;
}

async function up(server: ServerChild, under?: readonly string[]) {
  const started = await server.start(under);
  if (started.kind === "ended") throw new Error(`the server did not start: ${started.said}`);
  const agent = await agentOf(server.controlUrl, "developer@example.com");
  return { process: started.process, agent };
}

const upload = (agent: AgentOf, name: string, body = "a body"): Promise<Reply> =>
  agent.call(
    "POST",
    `https://storage.googleapis.com/upload/storage/v1/b/practice-bucket/o?uploadType=media&name=${name}`,
    body,
    { "content-type": "text/plain" },
  );

const arrived = ({ cloud }: ServerChild): number =>
  cloud.count({ path: "/upload/storage/v1/b/practice-bucket/o" });

async function intents(server: ServerChild): Promise<number> {
  const all = await entries(server.data);
  return all.filter(
    ({ kind, operation }) => kind === "exchange.intent" && operation === "storage.objects.insert",
  ).length;
}

/** Everything that arrived has its intent, and the log verifies. */
async function requireRecorded(server: ServerChild): Promise<void> {
  expect(arrived(server)).toBeGreaterThan(0);
  expect(await intents(server)).toBeGreaterThanOrEqual(arrived(server));
  const database = await openDatabaseForReading(join(server.data, "gatehouse.db"));
  const verifierKey = readFileSync(join(server.data, "log.vkey"), "utf8").trim();
  const verification = await verifyLog(auditStore(database), { verifierKey });
  await database.close();
  expect(verification).toMatchObject({ kind: "verified" });
}

async function stop(process: Awaited<ReturnType<typeof up>>["process"]): Promise<void> {
  process.kill("SIGTERM");
  await once(process, "exit");
}

const unavailable = { status: 503, text: expect.stringContaining("audit log cannot be written") as string };

/** Takes all the room there is. */
function fillDisk(path: string): void {
  const file = openSync(path, "w");
  try {
    for (const bytes of [64 * 1024, 4 * 1024, 512, 1]) {
      const block = Buffer.alloc(bytes);
      while (hasRoom(file, block));
    }
  } finally {
    closeSync(file);
  }
}

function hasRoom(file: number, block: Buffer): boolean {
  try {
    return writeSync(file, block) === block.length;
  } catch {
    return false;
  }
}

test("a full disk: calls are refused in words, none of them arrives, and once there is room they work again", async ({
  skip,
}) => {
  const server = await prepared();
  mkdirSync(server.data, { recursive: true, mode: 0o700 });
  const reason = mountSmall(server.data, 24 * 1024 * 1024);
  if (reason !== undefined) {
    console.log(`skipped: a small file system cannot be mounted here: ${reason}`);
    skip();
  }
  const { process, agent } = await up(server);
  expect((await upload(agent, "before")).status).toBe(200);
  const ballast = join(server.data, "ballast");
  fillDisk(ballast);
  // What the WAL has room for in its old frames may still go in; a body of its own size does not.
  const body = "x".repeat(200_000);
  let refused: Reply | undefined;
  for (let n = 0; n < 50 && refused === undefined; n += 1) {
    // An answer whose outcome cannot be recorded is cut off.
    const reply = await upload(agent, `full-${n}`, body).catch(() => undefined);
    if (reply?.status === 503) refused = reply;
  }
  expect(refused).toMatchObject(unavailable);
  const whenFull = arrived(server);
  expect(await upload(agent, "still-full", body)).toMatchObject(unavailable);
  expect(arrived(server)).toBe(whenFull);

  rmSync(ballast);
  expect((await upload(agent, "after", body)).status).toBe(200);
  await agent.close();
  await stop(process);
  await requireRecorded(server);
});

test("a database that another process has locked: calls are refused in words, none arrives, and they work once it lets go", async () => {
  const server = await prepared();
  const { process, agent } = await up(server);
  expect((await upload(agent, "before")).status).toBe(200);
  const shell = new DatabaseSync(join(server.data, "gatehouse.db"));
  shell.exec("BEGIN IMMEDIATE");
  const before = arrived(server);
  const replies = await Promise.all(["one", "two", "three"].map((name) => upload(agent, `locked-${name}`)));
  expect(replies).toMatchObject([unavailable, unavailable, unavailable]);
  expect(arrived(server)).toBe(before);
  shell.exec("ROLLBACK");
  shell.close();
  expect((await upload(agent, "after")).status).toBe(200);
  await agent.close();
  await stop(process);
  await requireRecorded(server);
});

test.skipIf(noTracing !== undefined)(
  "a sync that fails: nothing is sent from then on though syncs succeed again, the server says why and ends, and a start is all it takes",
  async () => {
    const server = await prepared();
    // Past those of the start: some way into the traffic.
    const failing = ["-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:error=EIO:when=40"];
    const { process, agent } = await up(server, ["strace", "-D", "-f", "-o", "/dev/null", ...failing]);
    let said = "";
    process.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    process.stdout?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    const ended = once(process, "exit");
    const statuses: number[] = [];
    for (let n = 0; n < 200 && process.exitCode === null; n += 1) {
      const reply = await upload(agent, `sync-${n}`).catch(() => undefined);
      if (reply === undefined) break;
      statuses.push(reply.status);
    }
    await ended;
    expect(process.exitCode).toBe(1);
    expect(said).toContain("the audit log has stopped");
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(3);
    // 200s first, then refusals, and no 200 after the first refusal.
    const firstRefusal = statuses.findIndex((status) => status !== 200);
    expect(firstRefusal < 0 || !statuses.slice(firstRefusal).includes(200)).toBe(true);
    expect(await intents(server)).toBeGreaterThanOrEqual(arrived(server));

    const again = await up(server);
    expect((await upload(again.agent, "after")).status).toBe(200);
    await again.agent.close();
    await stop(again.process);
    await requireRecorded(server);
  },
);

test.skipIf(noTracing !== undefined)(
  "a slow disk: each call waits for its own sync, however slow, and none overtakes it",
  async () => {
    const server = await prepared();
    const trace = join(temporaryFolder(), "trace");
    // 300 ms, as a disk on a busy network has them.
    const slow = ["-e", "inject=fdatasync,fsync:delay_exit=300000"];
    const { process, agent } = await up(server, [...tracing(trace), ...slow]);
    const replies = await Promise.all([0, 1, 2, 3, 4, 5].map((n) => upload(agent, `slow-${n}-`)));
    expect(replies.map(({ status }) => status)).toEqual(Array(6).fill(200));
    await agent.close();
    await stop(process);
    const steps = await vi.waitFor(() => {
      const text = readFileSync(trace, "latin1");
      expect(new RegExp(String.raw`^${process.pid} +\+\+\+ exited`, "m").test(text)).toBe(true);
      return stepsIn(text, Number(new URL(server.cloud.url).port));
    }, 20_000);
    const sent = steps.filter((step) => step.kind === "sent" && step.data.includes("POST /upload/storage"));
    expect(sent).toHaveLength(6);
    for (const { at, data } of sent.filter((step) => step.kind === "sent")) {
      const [, exchange = "none"] = /gatehouse:(exc_[0-9a-f]{32})/.exec(data) ?? [];
      const intent = new RegExp(String.raw`\\"kind\\":\\"exchange\.intent\\"[^}]*${exchange}`);
      const written = steps.find((step) => step.kind === "written" && intent.test(step.data));
      expect(written, `the intent of ${exchange} in the WAL`).toBeDefined();
      expect(coveringSync(steps, { at: written?.at ?? at, before: at }), `a sync before ${at}`).toBeDefined();
    }
    await requireRecorded(server);
  },
);
