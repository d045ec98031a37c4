import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { auditEntryList, sinkList } from "#api";
import { hashLeaf } from "#tlog";
import { bucketKeys, type FakeBucket, startFakeBucket } from "../fakes/bucket.ts";
import { ocsfProblems } from "../fakes/ocsf-schema.ts";
import { parsePrometheusText } from "../fakes/prometheus-text.ts";
import { gatehouse, type Said } from "../fakes/whole-command-line.ts";
import { startWorld, type World } from "./world.ts";

// A gateway tells a file and a bucket what happens, and Prometheus how far they are.
let folder: string;
let bucket: FakeBucket;
let world: World;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-sinks-"));
  bucket = await startFakeBucket();
  writeFileSync(join(folder, "access"), bucketKeys.accessKeyId);
  writeFileSync(join(folder, "secret"), bucketKeys.secretAccessKey);
  const common = { detail: false, form: "entry" as const };
  world = await startWorld({
    metrics: { host: "127.0.0.1", port: 0 },
    sinks: [
      {
        ...common,
        kind: "file",
        name: "file",
        path: join(folder, "audit.jsonl"),
        batch: { entries: 5, seconds: 0 },
      },
      {
        ...common,
        form: "ocsf",
        kind: "object_store",
        name: "bucket",
        endpoint: bucket.url,
        private: false,
        dialect: "s3",
        region: "auto",
        bucket: "archive",
        prefix: "audit",
        access_key: { file: join(folder, "access") },
        secret_key: { file: join(folder, "secret") },
        batch: { entries: 5, seconds: 0 },
      },
    ],
  });
}, 60_000);
afterAll(async () => {
  await world.close();
  await bucket.close();
  rmSync(folder, { recursive: true });
});

const run = (...words: string[]): Promise<Said> => gatehouse(world.quickStart.server.controlUrl, ...words);
const asOperator = ["--as", "operator@example.com"];
const line = z.looseObject({ index: z.int(), leaf: z.string(), leafHash: z.string() });

function linesInFile() {
  return readFileSync(join(folder, "audit.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((text) => line.parse(JSON.parse(text)));
}

async function toldUpTo(): Promise<number[]> {
  const said = await run("sinks", "list", "--json", ...asOperator);
  return sinkList.parse(JSON.parse(said.out)).sinks.map(({ next }) => next);
}

test("everything published is told in order, whole and without a gap, and no body ever", async () => {
  const agent = await world.agent();
  await agent.call("GET", "https://cloudresourcemanager.googleapis.com/v1/projects");
  await agent.close();
  const said = await run(
    "audit",
    "search",
    "--json",
    "--kind",
    "exchange.outcome",
    "--as",
    "auditor@example.com",
  );
  const outcome = auditEntryList.parse(JSON.parse(said.out)).entries[0]?.index ?? 0;
  await expect
    .poll(async () => Math.min(...(await toldUpTo())), { timeout: 15_000 })
    .toBeGreaterThan(outcome);

  const lines = linesInFile();
  expect(lines.map(({ index }) => index)).toEqual(lines.map((_, at) => at));
  for (const { leaf, leafHash } of lines) {
    expect(Buffer.from(hashLeaf(Buffer.from(leaf))).toString("base64")).toBe(leafHash);
  }
  expect(lines[outcome]).toMatchObject({ principal: "developer@example.com" });
  const objects = [...bucket.objects].sort(([one], [other]) => (one < other ? -1 : 1));
  const events = objects.flatMap(([, { bytes }]) => bytes.toString().trimEnd().split("\n"));
  expect(events.flatMap((event) => ocsfProblems(JSON.parse(event)))).toEqual([]);
  for (const text of [JSON.stringify(lines), events.join("")]) {
    expect(text).not.toMatch(/gatehouse-recording|practice-project-|startLine/);
  }
});

test("Prometheus sees the log, the sinks and what was decided", async () => {
  const { metricsPort } = world.quickStart.server;
  const samples = parsePrometheusText(await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text());
  expect(samples.get('gatehouse_exchanges_total{decision="allow",class="read"}')).toBe(1);
  expect(samples.get('gatehouse_sink_lag_entries{sink="file"}')).toBeTypeOf("number");
  expect(samples.get("gatehouse_audit_entries") ?? 0).toBeGreaterThan(3);
});

test("a sink that fails is shown as failing while the gateway is ready, and catches up", async () => {
  bucket.refuseNext.push(...Array<number>(2).fill(503));
  const failing = async (): Promise<string> => {
    // Each search is an entry, and gives the sinks something to do.
    await run("audit", "search", "--limit", "1", "--as", "auditor@example.com");
    return (await world.control("GET", "/readyz")).text;
  };
  await expect.poll(failing, { timeout: 15_000 }).toContain('"detail":"failing: ');
  expect((await world.control("GET", "/readyz")).status).toBe(200);
  await expect
    .poll(async () => (await world.control("GET", "/readyz")).text, { timeout: 15_000 })
    .not.toContain("failing");
});

test("a developer moves no sink; an administrator does, on record, and the entries come again", async () => {
  const words = ["sinks", "move", "file", "--to", "0", "--reason", "the file was lost"];
  expect((await run(...words, "--as", "developer@example.com")).status).toBe(1);
  const before = linesInFile().length;
  const moved = await run(...words, ...asOperator);
  expect([moved.status, moved.out]).toEqual([
    0,
    expect.stringMatching(/^Sink file goes on with entry 0; it was at \d+\./),
  ]);
  await expect.poll(() => linesInFile().length, { timeout: 15_000 }).toBeGreaterThanOrEqual(before * 2);
  expect(linesInFile()[before]?.index).toBe(0);
  const said = await run("audit", "search", "--json", "--kind", "sink.moved", "--as", "auditor@example.com");
  expect(auditEntryList.parse(JSON.parse(said.out)).entries).toMatchObject([
    { principal: "operator@example.com" },
  ]);
  expect(
    (await run("sinks", "move", "file", "--to", "99999999", "--reason", "x", ...asOperator)).status,
  ).toBe(1);
});
