import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findCosignatures, formatAddCheckpoint, parseCosignerKey } from "#tlog";
import { startChild } from "../../../../test/fakes/child.ts";
import { newLogSigner } from "../../../../test/fakes/log-signer.ts";
import { portOf } from "../../../../test/fakes/port.ts";
import { type FakeTerminal, fakeTerminal } from "../../../../test/fakes/terminal.ts";
import { tileLog } from "../../../../test/fakes/tile-log.ts";
import { runCommandLine } from "../../program.ts";
import { addAuditCommands } from "../audit.ts";

const origin = "gateway.example/audit";
const signer = newLogSigner(origin);

let terminal: FakeTerminal;
beforeEach(() => {
  terminal = fakeTerminal();
});
afterEach(() => terminal.remove());

const file = (name: string): string => join(terminal.home, name);
const needed = (): string[] => ["--key", file("witness.pem"), "--state", file("state")];

async function witness(...words: string[]): Promise<{ status: number; err: string }> {
  const parts = { version: "0.0.0", localCommands: [addAuditCommands] };
  const status = await runCommandLine(["audit", "witness", ...words], parts, terminal);
  return { status, err: terminal.stderr.splice(0).join("\n") };
}

test("a witness without a log, a name, a sound key or an address of this machine does not run", async () => {
  const log = ["--log", signer.verifierKey];
  expect(await witness(...needed())).toMatchObject({
    status: 2,
    err: expect.stringMatching(/--log/) as string,
  });
  expect(await witness(...needed(), ...log)).toMatchObject({
    status: 2,
    err: expect.stringMatching(/needs --name/) as string,
  });
  const named = [...needed(), "--name", "witness.example/w1"];
  expect((await witness(...named, "--log", "x+00000000+AAAA")).err).toMatch(/no log's verifier key/);
  expect((await witness(...named, ...log, "--listen", "8450")).err).toMatch(/not HOST:PORT/);
  expect((await witness(...named, ...log, "--listen", "0.0.0.0:0")).err).toMatch(/needs TLS in front/);
});

test("that an option may be repeated is said without showing an empty list for its default", async () => {
  expect(await witness("--help")).toMatchObject({ status: 0 });
  const help = terminal.stdout.splice(0).join("\n");
  expect(help).toContain("may be repeated");
  expect(help).toContain('(default: "127.0.0.1:8450")');
  expect(help).not.toContain("[])");
});

test("a witness keeps its name", async () => {
  mkdirSync(file("state"));
  writeFileSync(file("state/witness.vkey"), "witness.example/w1+00000000+AAAA\n");
  const renamed = await witness(...needed(), "--log", signer.verifierKey, "--name", "witness.example/w2");
  expect(renamed).toMatchObject({
    status: 2,
    err: expect.stringMatching(/is called witness\.example\/w1/) as string,
  });
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const port = portOf(probe);
  probe.close();
  return port;
}

test("the command runs a witness: it cosigns, its key is printed and kept, and no second one runs on its state", async () => {
  writeFileSync(file("log.vkey"), `${signer.verifierKey}\n`);
  const address = `127.0.0.1:${await freePort()}`;
  const words = [...needed(), "--name", "witness.example/w1", "--log", file("log.vkey"), "--listen", address];
  const bin = resolve(import.meta.dirname, "../../../../bin/gatehouse.mjs");
  const child = startChild([process.execPath, bin, "audit", "witness", ...words]);
  await child.printed("Ctrl-C stops it");
  const second = await witness(...words.map((word) => (word === address ? "127.0.0.1:0" : word)));
  expect(second.err).toMatch(/Another witness is running on/);
  const checkpoint = tileLog([Buffer.from("one")], signer, origin).note ?? "";
  const answer = await fetch(`http://${address}/add-checkpoint`, {
    method: "POST",
    body: formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint }),
  });
  const key = parseCosignerKey(readFileSync(file("state/witness.vkey"), "utf8").trim());
  const finding = findCosignatures(checkpoint + (await answer.text()), key === undefined ? [] : [key]);
  expect(finding).toMatchObject({ kind: "found", cosignatures: [{ name: "witness.example/w1" }] });
  child.kill("SIGTERM");
  expect((await child.outcome).status).toBe(0);
});
