import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LogPins } from "#agent";
import { hashLeaf, signCheckpoint } from "#tlog";
import { newLogSigner } from "../../../../test/fakes/log-signer.ts";
import { type FakeTerminal, fakeTerminal } from "../../../../test/fakes/terminal.ts";
import { tileLog } from "../../../../test/fakes/tile-log.ts";
import { pinFolder } from "../../login-file.ts";
import { runCommandLine } from "../../program.ts";
import { addAuditCommands } from "../audit.ts";

const origin = "gateway.example/audit";
const signer = newLogSigner(origin);
const server = "https://gatehouse.example.com";

let terminal: FakeTerminal;
beforeEach(() => {
  terminal = fakeTerminal();
});
afterEach(() => terminal.remove());

async function audit(...words: string[]): Promise<{ status: number; out: string; err: string }> {
  const parts = { version: "0.0.0", localCommands: [addAuditCommands] };
  const status = await runCommandLine(["audit", ...words], parts, terminal);
  return { status, out: terminal.stdout.splice(0).join("\n"), err: terminal.stderr.splice(0).join("\n") };
}

const leaves = (size: number): Uint8Array[] => Array.from({ length: size }, (_, n) => Buffer.from(`${n}`));

function pin(size: number): void {
  const pins = new LogPins(pinFolder(terminal.environment));
  const checkpoint = tileLog(leaves(size), signer, origin).note ?? "";
  const seenAt = "2026-11-28T12:00:00.000Z";
  pins.replace(pins.read(server), { server, verifierKey: signer.verifierKey, checkpoint, seenAt });
}

function exportLog(size: number): string {
  const folder = join(terminal.home, "exported");
  const log = tileLog(leaves(size), signer, origin);
  for (const [path, bytes] of log.files) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  writeFileSync(join(folder, "checkpoint"), log.note ?? "");
  return folder;
}

test("what no run has seen cannot be forgotten, nor compared with", async () => {
  expect(await audit("pins")).toMatchObject({ status: 0, out: "Nothing was seen yet." });
  expect((await audit("pins", "--forget", server)).err).toMatch(/Nothing was seen of https/);
  const verified = await audit("verify", exportLog(3), "--key", signer.verifierKey, "--pin");
  expect([verified.status, verified.err]).toEqual([1, expect.stringMatching(/Nothing was seen of gateway/)]);
});

test("pins are listed with server, size and key, and forgotten one by one", async () => {
  pin(5);
  const { out } = await audit("pins");
  for (const part of [server, origin, "5", signer.verifierKey]) expect(out).toContain(part);
  const listed: unknown = JSON.parse((await audit("pins", "--json")).out);
  expect(listed).toMatchObject({ pins: [{ server, origin, size: 5 }] });
  expect((await audit("pins", "--forget", `${server}/`)).status).toBe(0);
  expect((await audit("pins", "--json")).out).toBe('{"pins":[]}');
});

test("verify --pin finds a log that is shorter than what was seen, whatever the file says", async () => {
  pin(5);
  const key = ["--key", signer.verifierKey];
  expect((await audit("verify", exportLog(7), ...key, "--pin")).status).toBe(0);
  const cut = await audit("verify", exportLog(4), ...key, "--pin");
  expect([cut.status, cut.out]).toEqual([7, expect.stringMatching(/NOT VERIFIED at entry 4: .*was cut/)]);
});

test("a witness is demanded by its own key, and a checkpoint without its word is not verified", async () => {
  const folder = exportLog(3);
  const key = ["--key", signer.verifierKey];
  const wrongKey = await audit("verify", folder, ...key, "--witness", signer.verifierKey);
  expect([wrongKey.status, wrongKey.err]).toEqual([1, expect.stringMatching(/no witness's verifier key/)]);
  const lonely = await audit("verify", folder, ...key, "--witnessed-within", "1h");
  expect([lonely.status, lonely.err]).toEqual([2, expect.stringMatching(/goes with --witness/)]);
});

test("a pin under another log's key is not taken for this log's", async () => {
  const pins = new LogPins(pinFolder(terminal.environment));
  const other = newLogSigner("other.example/audit");
  const checkpoint = signCheckpoint(
    { origin: "other.example/audit", size: 1, root: hashLeaf(Buffer.from("x")) },
    other,
  );
  pins.replace(undefined, {
    server,
    verifierKey: other.verifierKey,
    checkpoint,
    seenAt: "2026-11-28T12:00:00.000Z",
  });
  const verified = await audit("verify", exportLog(3), "--key", signer.verifierKey, "--pin");
  expect(verified.err).toMatch(/Nothing was seen of gateway/);
});
