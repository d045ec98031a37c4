import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSealingKey } from "./index.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-sealing-"));
  path = join(folder, "keys", "sealing.key");
});
afterEach(() => rmSync(folder, { recursive: true }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const expectBroken = (open: () => unknown): void =>
  expect(open).toThrowError(expect.objectContaining({ code: "seal_broken" }));

test("any flipped bit of what was sealed is noticed", async () => {
  const key = await openSealingKey(path);
  const sealed = key.seal(bytes("delete instance"), bytes("apr_1"));
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const changed = Uint8Array.from(sealed);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expectBroken(() => key.open(changed, bytes("apr_1")));
  }
});

test("what was sealed for one approval request does not open for another", async () => {
  const key = await openSealingKey(path);
  const sealed = key.seal(bytes("delete instance"), bytes("apr_1"));
  expectBroken(() => key.open(sealed, bytes("apr_2")));
});

test("anything cut short is noticed, the empty string included", async () => {
  const key = await openSealingKey(path);
  const sealed = key.seal(bytes("x"), bytes("apr_1"));
  for (let length = 0; length < sealed.length; length += 1) {
    expectBroken(() => key.open(sealed.subarray(0, length), bytes("apr_1")));
  }
});

test("another key opens nothing", async () => {
  const sealed = (await openSealingKey(path)).seal(bytes("x"), bytes("apr_1"));
  const other = await openSealingKey(join(folder, "other.key"));
  expectBroken(() => other.open(sealed, bytes("apr_1")));
});

test.each([
  "",
  "gatehouse-sealing-key/v1 ",
  "gatehouse-sealing-key/v1 AAAA\n",
  `gatehouse-sealing-key/v1 ${"A".repeat(44)}\n`,
  `${Buffer.alloc(32).toString("base64")}\n`,
])("a file that holds something else (%j) is refused, and not quoted", async (content) => {
  await openSealingKey(path);
  writeFileSync(path, content);
  const opening = openSealingKey(path);
  await expect(opening).rejects.toMatchObject({ code: "sealing_key_invalid" });
  await expect(opening).rejects.not.toThrow("AAAA");
});

test("a key file that others can read is refused", async () => {
  await openSealingKey(path);
  chmodSync(path, 0o640);
  await expect(openSealingKey(path)).rejects.toMatchObject({ code: "key_file_open_to_others" });
});

test("the key file is its owner's only, and the same key opens after a restart", async () => {
  const sealed = (await openSealingKey(path)).seal(bytes("delete instance"), bytes("apr_1"));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readFileSync(path, "utf8")).toMatch(/^gatehouse-sealing-key\/v1 [A-Za-z0-9+/]{43}=\n$/);
  const reopened = await openSealingKey(path);
  expect(new TextDecoder().decode(reopened.open(sealed, bytes("apr_1")))).toBe("delete instance");
});

test("the same bytes sealed twice look different", async () => {
  const key = await openSealingKey(path);
  const seal = () => Buffer.from(key.seal(bytes("x"), bytes("y"))).toString("hex");
  expect(seal()).not.toBe(seal());
});
