import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { strToU8, zipSync } from "fflate";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDiscovery, openWheel } from "./source.ts";

// Made-up wheels and folders.

const inWheel = "googleapiclient/discovery_cache/documents/";
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "discovery-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

function wheel(files: Readonly<Record<string, string>>): Uint8Array {
  return zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)])));
}

test("names that lead out of the folder are no documents, and nothing is unpacked", () => {
  const bytes = wheel({
    [`${inWheel}../../../escape.v1.json`]: "{}",
    [`${inWheel}deep/toy.v1.json`]: "{}",
    [`${inWheel}index.json`]: "{}",
    [`${inWheel}.hidden.json`]: "{}",
    "/etc/toy.v1.json": "{}",
    "toy.v2.json": "{}",
    [`${inWheel}toy.v1.json`]: "{}",
  });
  const path = join(folder, "a.whl");
  writeFileSync(path, bytes);
  const source = openDiscovery(path);
  expect([...source.names]).toEqual(["toy.v1.json"]);
  expect(source.read("toy.v1.json")).toBe("{}");
  expect(() => source.read("../../../escape.v1.json")).toThrow("there is no Discovery document");
  expect(readdirSync(folder)).toEqual(["a.whl"]);
});

test("a wheel with two entries of one name is refused", () => {
  const bytes = Buffer.from(wheel({ [`${inWheel}toy.v1.json`]: "{}", [`${inWheel}tox.v1.json`]: "[]" }));
  // The same length, so that the second entry can be renamed where it stands.
  for (let at = bytes.indexOf("tox.v1"); at !== -1; at = bytes.indexOf("tox.v1")) bytes.write("toy", at);
  expect(() => openWheel(bytes)).toThrow("toy.v1.json is in the wheel twice");
});

test("an entry that says it is enormous is refused before it is inflated", () => {
  const bytes = Buffer.from(wheel({ [`${inWheel}toy.v1.json`]: "{}" }));
  // Uncompressed size in the central directory (APPNOTE 4.3.12): 24 bytes after its signature.
  bytes.writeUInt32LE(0x7fffffff, bytes.indexOf(Buffer.from("PK\u0001\u0002")) + 24);
  expect(() => openWheel(bytes)).toThrow("too large");
});

test("what is no zip, or holds no documents, is refused", () => {
  const path = join(folder, "a.whl");
  writeFileSync(path, "not a zip");
  expect(() => openDiscovery(path)).toThrow("invalid zip data");
  writeFileSync(path, wheel({ "toy/__init__.py": "" }));
  expect(() => openDiscovery(path)).toThrow("no Discovery documents");
  expect(() => openDiscovery(join(folder, "missing"))).toThrow("ENOENT");
});

test("a folder of documents is read like a wheel, and its digest changes with its contents", () => {
  writeFileSync(join(folder, "toy.v1.json"), "{}");
  writeFileSync(join(folder, "README.md"), "no document");
  const before = openDiscovery(folder);
  expect([...before.names]).toEqual(["toy.v1.json"]);
  expect(before.read("toy.v1.json")).toBe("{}");
  writeFileSync(join(folder, "toy.v1.json"), "[]");
  expect(openDiscovery(folder).digest).not.toBe(before.digest);
});
