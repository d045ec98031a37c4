import { once } from "node:events";
import { createServer } from "node:http";
import type { ExchangeDetail } from "#api";
import { csvHeader, csvRow, exportedEntry, harEntry, harFrame, ocsfEvent } from "#exports";
import { createEgress } from "#lib/egress";
import { Secret } from "#lib/secret";
import { type Batch, Delivery, objectSink, syslogSink, webhookSink } from "#sinks";
import { manualClock } from "../fakes/manual-clock.ts";
import { manualTimer } from "../fakes/manual-timer.ts";
import { memorySinkStore } from "../fakes/memory-sink-store.ts";
import { portOf } from "../fakes/port.ts";

// One entry in every form, made by the code that ships; docs/exports.md shows them.

const source = { origin: "gatehouse.example.com/audit", productVersion: "0.1.0" };
const leaf = {
  v: 1,
  kind: "exchange.outcome",
  id: "rec_0199d2c84f7b7c3e9a51d0c2b6e4f801",
  t: "2026-11-28T12:00:00.250Z",
  session: "ses_0199d2c7a1",
  exchange: "exc_0199d2c84e",
  operation: "storage.objects.get",
  class: "read",
  status: 200,
} as const;
const about = { principal: "developer@example.com", agent: "cursor", resource: "b/reports/o/q3.csv" };

const exchange: ExchangeDetail = {
  id: leaf.exchange,
  at: "2026-11-28T12:00:00.000Z",
  method: "GET",
  host: "storage.googleapis.com",
  operation: leaf.operation,
  class: leaf.class,
  resource: about.resource,
  decision: "allow",
  reasons: ["agents/reads"],
  status: 200,
  outcome: "answered",
  maskedValues: 1,
  intentIndex: 41,
  outcomeIndex: 42,
  request: {
    startLine: "GET /storage/v1/b/reports/o/q3.csv?alt=media HTTP/1.1",
    headers: [["accept", "*/*"]],
    body: "",
    encoding: "utf8",
    isTruncated: false,
  },
  answer: {
    startLine: "HTTP/1.1 200",
    headers: [["content-type", "text/csv"]],
    body: "token\n[masked:7f3a]\n",
    encoding: "utf8",
    isTruncated: false,
  },
};

/** By name, as the page has them. */
export async function exportExamples(): Promise<Readonly<Record<string, string>>> {
  const entry = exportedEntry(42, leaf, about);
  const batch = await batchOf("ocsf");
  const own = await batchOf("entry");
  const { head, tail } = harFrame({ version: "0.1.0", comment: `Session ${leaf.session}` });
  const har: unknown = JSON.parse(
    `${head}${JSON.stringify(harEntry({ ...exchange, endedAt: leaf.t }))}${tail}`,
  );
  return {
    ocsf: pretty(ocsfEvent(entry, source)),
    csv: (csvHeader + csvRow(entry)).replaceAll("\r\n", "\n").trimEnd(),
    har: pretty(har),
    entry: pretty(JSON.parse(own.entries[0]?.json ?? "")),
    webhook: await webhookText(own),
    syslog: (await syslogText(batch)).replace(/\{.*$/, "{…}"),
    object: await objectKey(batch),
  };
}

const pretty = (value: unknown): string => JSON.stringify(value, null, 2);

async function batchOf(form: "ocsf" | "entry"): Promise<Batch> {
  const store = memorySinkStore();
  store.grow(43, { about });
  const bytes = Buffer.from(JSON.stringify(leaf));
  const { hashLeaf } = await import("#tlog");
  store.log[42] = { index: 42, leaf: bytes, leafHash: hashLeaf(bytes), about, detail: undefined };
  store.cursors.set("siem", 42);
  const { promise, resolve } = Promise.withResolvers<Batch>();
  const sink = { deliver: async (batch: Batch) => resolve(batch), close: () => Promise.resolve() };
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const { keyring } = store;
  const [clock, timer] = [manualClock(), manualTimer()];
  const parts = { store, source, keyring, clock, timer, random: () => 0, log: silent };
  const batch = { entries: 1, waitMs: 0 };
  await new Delivery({ name: "siem", kind: "file", form, withDetail: false, batch, sink }, parts).round();
  return promise;
}

async function webhookText(batch: Batch): Promise<string> {
  const heard = Promise.withResolvers<string>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      response.writeHead(204).end();
      const told = Object.entries(request.headers).filter(([name]) => /^(content-type|webhook-)/.test(name));
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
      heard.resolve(
        `POST /hook\n${told.map(([name, value]) => `${name}: ${String(value)}`).join("\n")}\n\n${pretty(body)}`,
      );
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const sink = webhookSink({
    url: new URL(`http://127.0.0.1:${portOf(server)}/hook`),
    secrets: () => [new Secret(`whsec_${Buffer.alloc(24, 7).toString("base64")}`)],
    egress: createEgress({ allowLoopback: true }),
    clock: manualClock("2026-11-28T12:00:01.000Z"),
  });
  await sink.deliver(batch, new AbortController().signal);
  await sink.close();
  server.closeAllConnections();
  server.close();
  return heard.promise;
}

/** The messages of a batch, octet counts before them. */
export async function syslogText(batch: Batch): Promise<string> {
  const { PassThrough } = await import("node:stream");
  const written: Buffer[] = [];
  const socket = new PassThrough();
  socket.on("data", (chunk: Buffer) => written.push(chunk));
  const sink = syslogSink({
    receiver: "siem.example.com:6514",
    hostname: "gateway-1",
    // Only what a stream does is asked of it here.
    connect: () => Promise.resolve(socket),
  });
  await sink.deliver(batch, new AbortController().signal);
  return Buffer.concat(written).toString("latin1");
}

async function objectKey(batch: Batch): Promise<string> {
  const keys: string[] = [];
  const sink = objectSink({
    store: {
      put: async (key) => {
        keys.push(key);
        return "stored";
      },
      get: async () => undefined,
    },
    prefix: "audit",
    close: () => Promise.resolve(),
  });
  await sink.deliver(batch, new AbortController().signal);
  return keys.join("\n");
}
