import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { connectTlsGuarded } from "#lib/egress";
import { batchOf } from "../../test/fakes/batch.ts";
import { type SyslogReceiver, startSyslogReceiver } from "../../test/fakes/syslog-receiver.ts";
import { type TlsIdentity, tlsIdentity } from "../../test/fakes/tls-identity.ts";
import { type Sink, syslogSink } from "./index.ts";

let folder: string;
let identity: TlsIdentity;
let receiver: SyslogReceiver;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-syslog-"));
  identity = await tlsIdentity(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(async () => {
  receiver = await startSyslogReceiver(identity);
});
afterEach(() => receiver.close());

interface Dial {
  readonly host?: string;
  readonly withCa?: boolean;
  readonly allowLoopback?: boolean;
}

function sinkTo({ host = "localhost", withCa = true, allowLoopback = true }: Dial = {}): Sink {
  return syslogSink({
    receiver: host,
    hostname: "gate way-1",
    connect: (signal) =>
      connectTlsGuarded(
        { host, port: receiver.port, ...(withCa ? { ca: readFileSync(identity.ca, "utf8") } : {}) },
        { fences: { allowLoopback }, signal },
        async () => [{ address: "127.0.0.1", family: 4 }],
      ),
  });
}

const { signal } = new AbortController();

test.each<[string, Dial, string]>([
  ["a certificate of an authority nobody named", { withCa: false }, "call_failed"],
  ["a certificate of another name", { host: "127.0.0.1" }, "call_failed"],
  ["a receiver on this machine that was not configured", { allowLoopback: false }, "egress_refused"],
  ["a name that leads to this machine", { host: "siem.example.com" }, "egress_refused"],
])("%s gets nothing", async (_, dial, code) => {
  await expect(sinkTo(dial).deliver(batchOf(0, 0), signal)).rejects.toMatchObject({ code });
  expect(receiver.messages).toEqual([]);
});

test("each entry is one RFC 5424 message with its octets counted, in order", async () => {
  await sinkTo().deliver(batchOf(41, 42, { name: "Zoë \u202E\n" }), signal);
  expect(receiver.messages).toEqual([
    '<110>1 2026-11-24T12:00:00.000Z gateway-1 gatehouse - exchange.outcome [meta sequenceId="42"] {"index":41,"name":"Zo\\u00eb \\u202e\\n"}',
    '<110>1 2026-11-24T12:00:00.000Z gateway-1 gatehouse - exchange.outcome [meta sequenceId="43"] {"index":42,"name":"Zo\\u00eb \\u202e\\n"}',
  ]);
});

test.each([
  ["archive.contradicted", undefined, 2],
  ["witness.refused", undefined, 3],
  ["audit.act_denied", undefined, 4],
  ["exchange.refused", "read", 4],
  ["exchange.aborted", "read", 4],
  ["outcome.unknown", "destructive", 4],
  ["exchange.outcome", "destructive", 5],
  ["exchange.outcome", "unknown", 5],
  ["exchange.outcome", "secret_read", 6],
  ["a kind of a later version", undefined, 4],
])("%s of class %s has syslog severity %i", async (kind, riskClass, severity) => {
  const { entries, ...batch } = batchOf(0, 0);
  const said = entries.map((entry) => ({ ...entry, kind, class: riskClass }));
  await sinkTo().deliver({ ...batch, entries: said }, signal);
  expect(receiver.messages).toEqual([expect.stringMatching(new RegExp(`^<${13 * 8 + severity}>1 `))]);
});

test("a batch of many megabytes arrives whole", async () => {
  await sinkTo().deliver(batchOf(0, 999, { filler: "x".repeat(4_000) }), signal);
  expect(receiver.messages).toHaveLength(1_000);
});

test("a receiver that resets the connection has not got it, though every byte was written", async () => {
  receiver.behave = (socket) => void socket.once("data", () => socket.destroy());
  await expect(
    sinkTo().deliver(batchOf(0, 0, { filler: "x".repeat(1_000_000) }), signal),
  ).rejects.toMatchObject({
    code: "call_failed",
  });
});

test("a receiver that never ends the connection has not got it, and a stopping server does not wait for it", async () => {
  const stop = new AbortController();
  receiver.behave = (socket) => {
    socket.resume();
    socket.on("end", () => stop.abort());
  };
  const delivered = sinkTo().deliver(batchOf(0, 0), stop.signal);
  await expect(delivered).rejects.toMatchObject({ code: "call_failed" });
});

test("a receiver that ends the connection while a batch is still being sent has not got it", async () => {
  receiver.behave = (socket) => void socket.end();
  const batch = batchOf(0, 9, { filler: "x".repeat(4_000_000) });
  await expect(sinkTo().deliver(batch, signal)).rejects.toMatchObject({ code: "call_failed" });
});
