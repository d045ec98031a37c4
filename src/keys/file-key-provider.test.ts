import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { openFileKeyProvider, readFileKeyProvider } from "./file-key-provider.ts";

const dataKey = Buffer.alloc(32, 7);
const name = { origin: "gateway.example/audit", keyId: "ses_1" };
let path: string;
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-wrapping-"));
  path = join(folder, "wrapping.keys");
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

test("a wrapped key that was changed, or moved to another session or log, is refused", async () => {
  const provider = await openFileKeyProvider(path);
  const wrapped = Buffer.from(await provider.wrap(dataKey, name));
  for (const of of [
    { ...name, keyId: "ses_2" },
    { ...name, origin: "other.example/audit" },
  ])
    await expect(provider.unwrap(wrapped, of)).rejects.toMatchObject({ code: "wrapped_key_broken" });
  for (const at of [0, 12, 30, wrapped.length - 1]) {
    const changed = Buffer.from(wrapped);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    await expect(provider.unwrap(changed, name), String(at)).rejects.toMatchObject({
      code: "wrapped_key_broken",
    });
  }
  await expect(provider.unwrap(wrapped.subarray(1), name)).rejects.toMatchObject({
    code: "wrapped_key_broken",
    message: expect.stringContaining("look in a backup for the key as it was") as string,
  });
});

test("a key file that others can read, or that lost a character, is refused", async () => {
  await openFileKeyProvider(path);
  writeFileSync(path, readFileSync(path, "utf8").replace(/=\n$/, "\n"));
  await expect(openFileKeyProvider(path)).rejects.toMatchObject({ code: "wrapping_key_invalid" });
  writeFileSync(path, "");
  await expect(openFileKeyProvider(path)).rejects.toMatchObject({ code: "wrapping_key_invalid" });
  rmSync(path);
  await openFileKeyProvider(path);
  chmodSync(path, 0o640);
  expect(() => readFileKeyProvider(path)).toThrow("can be read by other users");
});

test("what another key file wrapped is said to be, and a missing file is not made by looking", async () => {
  expect(readFileKeyProvider(path)).toBeUndefined();
  const wrapped = await (await openFileKeyProvider(path)).wrap(dataKey, name);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  rmSync(path);
  const other = await openFileKeyProvider(path);
  await expect(other.unwrap(wrapped, name)).rejects.toMatchObject({
    code: "wrapping_key_missing",
    message: expect.stringContaining("Put that key's line back into it") as string,
  });
});

test("a line added at the end rotates: it wraps from now on, and the ones before still unwrap", async () => {
  const before = await openFileKeyProvider(path);
  const old = await before.wrap(dataKey, name);
  appendFileSync(path, `gatehouse-wrapping-key/v1 ${Buffer.alloc(32, 1).toString("base64")}\n`);
  const after = await openFileKeyProvider(path);
  const young = await after.wrap(dataKey, name);
  expect(Buffer.from(await after.unwrap(old, name)).equals(dataKey)).toBe(true);
  expect(Buffer.from(await after.unwrap(young, name)).equals(dataKey)).toBe(true);
  await expect(before.unwrap(young, name)).rejects.toMatchObject({ code: "wrapping_key_missing" });
});

test("no two wrappings of one key are alike, and none contains it", async () => {
  const provider = await openFileKeyProvider(path);
  const [one, other] = [await provider.wrap(dataKey, name), await provider.wrap(dataKey, name)];
  expect(Buffer.compare(one, other)).not.toBe(0);
  expect(Buffer.from(one).includes(dataKey)).toBe(false);
});
