import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createWhole, replaceWhole, writeWhole } from "./whole-file.ts";

// A disk that takes seven bytes at a time, as a nearly full or slow one may, and one that takes no more.
vi.mock("node:fs", async (original) => {
  const real = await original<typeof import("node:fs")>();
  return { ...real, writeSync: vi.fn(real.writeSync) };
});
const { writeSync: realWriteSync } = await vi.importActual<typeof import("node:fs")>("node:fs");

const sevenBytes = (descriptor: number, bytes: NodeJS.ArrayBufferView | string, from: unknown): number => {
  if (typeof bytes === "string" || typeof from !== "number") throw new TypeError("bytes and a place in them");
  return realWriteSync(descriptor, bytes, from, Math.min(7, bytes.byteLength - from));
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-whole-"));
  vi.mocked(writeSync).mockImplementation(sevenBytes);
});
afterEach(() => rmSync(folder, { recursive: true }));

const content = "what a short write would have cut — somewhere\n";

test("a disk that takes a few bytes at a time gets all of them, whichever way the file is made", () => {
  expect(createWhole(join(folder, "new"), content)).toBe(true);
  replaceWhole(join(folder, "replaced"), content);
  for (const name of ["new", "replaced"]) expect(readFileSync(join(folder, name), "utf8")).toBe(content);
});

test("a disk that takes no more leaves nothing of the new file, and all of the old one", () => {
  const path = join(folder, "state");
  writeFileSync(path, "old");
  let writes = 0;
  vi.mocked(writeSync).mockImplementation((...given) => {
    writes += 1;
    if (writes > 2) throw new Error("ENOSPC: no space left on device");
    return sevenBytes(...(given as Parameters<typeof sevenBytes>));
  });
  expect(() => replaceWhole(path, content)).toThrow(/ENOSPC/);
  expect(() => createWhole(join(folder, "other"), content)).toThrow(/ENOSPC/);
  expect(readdirSync(folder)).toEqual(["state"]);
  expect(readFileSync(path, "utf8")).toBe("old");
});

test("a file that is there already is not written over by one that must be new", () => {
  const path = join(folder, "key");
  expect(createWhole(path, "first")).toBe(true);
  expect(createWhole(path, "second")).toBe(false);
  expect([readdirSync(folder), readFileSync(path, "utf8")]).toEqual([["key"], "first"]);
});

test.skipIf(process.platform === "win32")("only its owner reads it", () => {
  createWhole(join(folder, "deep/key"), "x");
  replaceWhole(join(folder, "deep/state"), "x");
  for (const name of ["deep/key", "deep/state"])
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
});

test("whoever writes piece by piece gets every piece whole", async () => {
  const { openSync, closeSync } = await import("node:fs");
  const descriptor = openSync(join(folder, "pieces"), "wx");
  for (const piece of ["one, a little longer\n", "", "two\n"]) writeWhole(descriptor, piece);
  closeSync(descriptor);
  expect(readFileSync(join(folder, "pieces"), "utf8")).toBe("one, a little longer\ntwo\n");
});
