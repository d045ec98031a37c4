import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectTlsGuarded } from "#lib/egress";
import { syslogSink } from "#sinks";
import { batchOf } from "../fakes/batch.ts";
import { portOf } from "../fakes/port.ts";
import { type TlsIdentity, tlsIdentity } from "../fakes/tls-identity.ts";
import { installed } from "./installed.ts";

// Debian's rsyslog, as somebody's SIEM would run it: TLS, octet counting, one line of JSON a message into a file.
const rsyslogd = installed("rsyslogd");
const drivers = [
  "/usr/lib/x86_64-linux-gnu/rsyslog",
  "/usr/lib/aarch64-linux-gnu/rsyslog",
  "/usr/lib/rsyslog",
];
const hasTls = drivers.some((folder) => existsSync(join(folder, "lmnsd_gtls.so")));
if (rsyslogd !== undefined && !hasTls)
  console.log("skipped: rsyslog has no TLS driver (Debian: rsyslog-gnutls)");

let folder: string;
let identity: TlsIdentity;
let port: number;
let daemon: ChildProcess | undefined;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-rsyslog-"));
  identity = await tlsIdentity(folder);
  port = await freePort();
  writeFileSync(join(folder, "rsyslog.conf"), configuration());
  if (rsyslogd === undefined || !hasTls) return;
  daemon = spawn(rsyslogd, ["-n", "-f", join(folder, "rsyslog.conf"), "-i", join(folder, "pid")], {
    stdio: "inherit",
  });
});
afterAll(async () => {
  if (daemon !== undefined && daemon.exitCode === null) {
    const ended = new Promise((resolve) => daemon?.once("exit", resolve));
    daemon.kill();
    await ended;
  }
  rmSync(folder, { recursive: true });
});

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const found = portOf(probe);
  await new Promise((resolve) => probe.close(resolve));
  return found;
}

function configuration(): string {
  return `
global(
  workDirectory="${folder}"
  defaultNetstreamDriver="gtls"
  defaultNetstreamDriverCAFile="${identity.ca}"
  defaultNetstreamDriverCertFile="${identity.cert}"
  defaultNetstreamDriverKeyFile="${identity.key}"
)
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")
template(name="parsed" type="string" string="%syslogfacility-text%.%syslogseverity-text% %hostname% %app-name% %msgid% %structured-data% %msg%\\n")
ruleset(name="received") { action(type="omfile" file="${join(folder, "received")}" template="parsed") }
input(type="imtcp" port="${port}" address="127.0.0.1" ruleset="received")
`;
}

const received = (): string[] => {
  const file = join(folder, "received");
  return existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
};

test.skipIf(rsyslogd === undefined || !hasTls)(
  "rsyslog takes every message apart as it was meant",
  async () => {
    const sink = syslogSink({
      receiver: "rsyslog",
      hostname: "gateway-1",
      connect: (signal) =>
        connectTlsGuarded(
          { host: "localhost", port, ca: readFileSync(identity.ca, "utf8") },
          { fences: { allowLoopback: true }, signal },
          async () => [{ address: "127.0.0.1", family: 4 }],
        ),
    });
    const { signal } = new AbortController();
    const deliver = (): Promise<string> =>
      sink.deliver(batchOf(0, 499, { name: "Zoë \u202E\n%d" }), signal).then(
        () => "delivered",
        (error: unknown) => String(error),
      );
    // The daemon may still be starting.
    await expect.poll(deliver, { timeout: 30_000, interval: 300 }).toBe("delivered");
    await expect.poll(() => received().length, { timeout: 30_000 }).toBeGreaterThanOrEqual(500);
    expect(received().slice(0, 2)).toEqual([
      'audit.info gateway-1 gatehouse exchange.outcome [meta sequenceId="1"] {"index":0,"name":"Zo\\u00eb \\u202e\\n%d"}',
      'audit.info gateway-1 gatehouse exchange.outcome [meta sequenceId="2"] {"index":1,"name":"Zo\\u00eb \\u202e\\n%d"}',
    ]);
    const indexes = received().map((line) => Number(/"index":(\d+)/.exec(line)?.[1]));
    expect(indexes.slice(0, 500)).toEqual(Array.from({ length: 500 }, (_, index) => index));
  },
);
