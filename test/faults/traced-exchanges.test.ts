import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { z } from "zod";
import { agentOf, identityToken } from "../scenarios/test-agent.ts";
import { prepareServer, type ServerChild } from "./server-child.ts";
import { coveringSync, type Step, stepsIn, tracing, whyNoTracing } from "./system-calls.ts";
import { temporaryFolder } from "./temporary-folder.ts";

// The real server under a tracer: what the kernel was told, and when, for each exchange of a busy run.

const noTracing = whyNoTracing();
if (noTracing !== undefined) console.log(`skipped: system calls cannot be traced here: ${noTracing}`);

let server: ServerChild;
beforeAll(async () => {
  server = await prepareServer();
}, 60_000);
afterAll(() => server.close());

const atOnce = 8;
const exchanges = 96;
const held = ["web-1", "web-2"];

/** Uploads over connections that are kept alive, so many at once, each with a body and a name of its own. */
async function upload(agent: Awaited<ReturnType<typeof agentOf>>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < exchanges) {
      const name = `marker-${next}-`;
      next += 1;
      const url = `https://storage.googleapis.com/upload/storage/v1/b/practice-bucket/o?uploadType=media&name=${name}`;
      const reply = await agent.call("POST", url, `body of ${name}`, { "content-type": "text/plain" });
      expect(reply.status).toBe(200);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

/** Deletions that wait for a person, who says yes. */
async function deleteWithApproval(agent: Awaited<ReturnType<typeof agentOf>>): Promise<void> {
  const instances =
    "https://compute.googleapis.com/compute/v1/projects/practice-project/zones/us-central1-a/instances";
  const deleted = held.map((name) => agent.call("DELETE", `${instances}/${name}`));
  const bearer = await identityToken(server.controlUrl, "approver@example.com", "gatehouse-console");
  const headers = { authorization: `Bearer ${bearer}`, "content-type": "application/json" };
  const url = `${server.controlUrl}/api/v1/approvals`;
  const shape = z.object({
    approvals: z.array(z.looseObject({ id: z.string(), fingerprint: z.string() })),
  });
  const waiting = await vi.waitFor(async () => {
    const { approvals } = shape.parse(await (await fetch(url, { headers })).json());
    expect(approvals).toHaveLength(held.length);
    return approvals;
  }, 20_000);
  for (const { id, fingerprint } of waiting) {
    const body = JSON.stringify({ verdict: "approve", fingerprint });
    expect((await fetch(`${url}/${id}/votes`, { method: "POST", headers, body })).status).toBe(200);
  }
  for (const reply of await Promise.all(deleted)) expect([200, 404]).toContain(reply.status);
}

interface Sent {
  readonly exchange: string;
  readonly at: number;
  readonly data: string;
}

/** Each request by its first bytes: its line and, in the same call, the exchange it belongs to. */
function sentIn(steps: readonly Step[], line: RegExp): readonly Sent[] {
  return steps.flatMap((step) => {
    if (step.kind !== "sent" || !line.test(step.data)) return [];
    const [, exchange = ""] = /gatehouse:(exc_[0-9a-f]{32})/.exec(step.data) ?? [];
    return [{ exchange, at: step.at, data: step.data }];
  });
}

/** The first time that something matching went into the WAL. */
function writtenAt(steps: readonly Step[], what: RegExp): number {
  return (
    steps.find((step) => step.kind === "written" && what.test(step.data))?.at ?? Number.POSITIVE_INFINITY
  );
}

/** How an intent's leaf looks in a page of the WAL. */
const intentOf = (exchange: string): RegExp =>
  new RegExp(String.raw`\\"kind\\":\\"exchange\.intent\\"[^}]*${exchange}`);

test("a sync that began too early, failed, was of another file, or returned after the send covers nothing", () => {
  const written = '7 pwrite64(9</d/gatehouse.db-wal>, "exc_1", 5, 0) = 5';
  const sent = '8 write(3<TCP:[127.0.0.1:5->127.0.0.1:80]>, "exc_1", 5) = 5';
  const begun = "7 fdatasync(9</d/gatehouse.db-wal> <unfinished ...>";
  const done = "7 <... fdatasync resumed>) = 0";
  const covered = (...lines: string[]): boolean => {
    const steps = stepsIn(lines.join("\n"), 80);
    const at = (kind: Step["kind"]): number => steps.find((step) => step.kind === kind)?.at ?? -1;
    return coveringSync(steps, { at: at("written"), before: at("sent") }) !== undefined;
  };
  expect(covered(written, begun, done, sent)).toBe(true);
  expect(covered(begun, written, done, sent)).toBe(false);
  expect(covered(written, begun, sent, done)).toBe(false);
  expect(covered(written, begun, "7 <... fdatasync resumed>) = -1 EIO (Input/output error)", sent)).toBe(
    false,
  );
  expect(covered(written, "7 fdatasync(9</d/gatehouse.db>) = 0", sent)).toBe(false);
  expect(covered(written, begun, "8 <... fdatasync resumed>) = 0", sent)).toBe(false);
});

test.skipIf(noTracing !== undefined)(
  "for each of many exchanges at once, the kernel says that its intent is on disk before its first byte is sent, and an approval's single use too",
  { timeout: 300_000 },
  async () => {
    const trace = join(temporaryFolder(), "trace");
    const started = await server.start(tracing(trace));
    if (started.kind === "ended") throw new Error(`the server did not start: ${started.said}`);
    const agent = await agentOf(server.controlUrl, "developer@example.com");
    await upload(agent);
    await deleteWithApproval(agent);
    await agent.close();
    started.process.kill("SIGTERM");
    await once(started.process, "exit");
    const text = await vi.waitFor(() => {
      const whole = readFileSync(trace, "latin1");
      const isWhole = new RegExp(String.raw`^${started.process.pid} +\+\+\+ exited`, "m").test(whole);
      expect(isWhole).toBe(true);
      return whole;
    }, 20_000);

    const steps = stepsIn(text, Number(new URL(server.cloud.url).port));
    const uploads = sentIn(steps, /POST \/upload\/storage/);
    const markers = uploads.map(({ data }) => /name=(marker-\d+-)/.exec(data)?.[1]);
    expect(new Set(markers)).toEqual(new Set(Array.from({ length: exchanges }, (_, n) => `marker-${n}-`)));
    const deletions = sentIn(steps, /DELETE \/compute/);
    expect(deletions).toHaveLength(held.length);

    const syncs = [...uploads, ...deletions].map(({ exchange, at }) => {
      const stored = writtenAt(steps, intentOf(exchange));
      const sync = coveringSync(steps, { at: stored, before: at });
      expect(
        sync,
        `a sync between the intent of ${exchange}, written at ${stored}, and its send at ${at}`,
      ).toBeDefined();
      return sync;
    });
    const claims = deletions.map(({ exchange, at }) => {
      const [, approval = "none"] =
        new RegExp(String.raw`${exchange}\\",\\"approval\\":\\"(apr_[0-9a-f]{32})`).exec(text) ?? [];
      // In a row of approval requests the state follows the id.
      const claimed = writtenAt(steps, new RegExp(`${approval}executing`));
      const sync = coveringSync(steps, { at: claimed, before: at });
      expect(sync, `a sync between the claim of ${approval} and the send at ${at}`).toBeDefined();
      return sync;
    });
    const rows = [
      ["exchanges", uploads.length + deletions.length],
      ["of them at once, at most", atOnce],
      ["covered by a sync before their first byte", syncs.length],
      ["syncs that covered them", new Set(syncs).size],
      ["approvals used", claims.length],
      ["covered by a sync before their first byte", claims.length],
    ];
    console.log(
      rows.map(([what, count]) => `  ${String(what).padEnd(46)}${String(count).padStart(5)}`).join("\n"),
    );
  },
);
