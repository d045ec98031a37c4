import { generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseVerifierKey, signCheckpoint, verifyCheckpoint } from "../tlog/index.ts";
import { openLogKey } from "./log-key.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-key-"));
  path = join(folder, "log.key");
});
afterEach(() => rmSync(folder, { recursive: true }));

const origin = "gateway.example/audit";

test("a log key that others can read is refused", async () => {
  await openLogKey(path, origin);
  chmodSync(path, 0o644);
  await expect(openLogKey(path, origin)).rejects.toMatchObject({ code: "key_file_open_to_others" });
});

test("a file that holds no key, or a key of another kind, is refused without quoting it", async () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({
    format: "pem",
    type: "pkcs8",
  });
  for (const content of ["not a key", rsa.toString()]) {
    writeFileSync(path, content, { mode: 0o600 });
    const refusal = await openLogKey(path, origin).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "log_key_invalid" });
    expect(inspect(refusal)).not.toContain(content.slice(30, 60) || content);
  }
});

test("an origin that a signature line could not carry is refused", async () => {
  for (const bad of ["", "two words", "a+b", "a\nb"]) {
    await expect(openLogKey(path, bad)).rejects.toMatchObject({ code: "log_origin_invalid" });
  }
});

test("the private key never prints", async () => {
  const key = await openLogKey(path, origin);
  const secret = readFileSync(path, "utf8").split("\n")[1] ?? "";
  expect(secret.length).toBeGreaterThan(40);
  for (const text of [inspect(key, { depth: 10, showHidden: true }), JSON.stringify(key)]) {
    expect(text).not.toContain(secret);
    expect(text).not.toContain("PRIVATE");
  }
});

test("the key file is private to us from the start, and the same key is read again", async () => {
  const first = await openLogKey(path, origin);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect((await openLogKey(path, origin)).verifierKey).toBe(first.verifierKey);
});

test("what it signs is believed by whoever holds its verifier key", async () => {
  const key = await openLogKey(path, origin);
  const verifier = parseVerifierKey(key.verifierKey);
  const note = signCheckpoint({ origin, size: 7, root: new Uint8Array(32) }, key);
  expect(verifier && verifyCheckpoint(note, verifier)).toMatchObject({ kind: "verified" });
});
