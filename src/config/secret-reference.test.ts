import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { limits } from "#lib/limits";
import { absoluteReference, readSecret, secretReference } from "./secret-reference.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-secret-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  vi.unstubAllEnvs();
});

test("a secret comes from the environment or from a file, without the editor's newline", () => {
  vi.stubEnv("GATEHOUSE_TEST_SECRET", "from-env");
  const file = join(folder, "secret");
  writeFileSync(file, " from file\n");
  expect(readSecret({ env: "GATEHOUSE_TEST_SECRET" }).reveal()).toBe("from-env");
  expect(readSecret({ file }).reveal()).toBe(" from file");
  writeFileSync(file, "rotated");
  expect(readSecret({ file }).reveal()).toBe("rotated");
});

test("a secret that is not there is an error that names the place", () => {
  vi.stubEnv("GATEHOUSE_TEST_EMPTY", "");
  expect(() => readSecret({ env: "GATEHOUSE_TEST_UNSET" })).toThrow("GATEHOUSE_TEST_UNSET is not set");
  expect(() => readSecret({ env: "GATEHOUSE_TEST_EMPTY" })).toThrow("is empty");
  expect(() => readSecret({ file: join(folder, "none") })).toThrow("cannot be read");
});

test("a file that is far too long is not shown, only named", () => {
  const file = join(folder, "core-dump");
  writeFileSync(file, "canary".repeat(limits.secretCharactersMax));
  expect(() => readSecret({ file })).toThrow(/^(?!.*canary).*too long/);
});

test("a secret written into the configuration itself is refused", () => {
  for (const bad of ["hunter2", { value: "hunter2" }, { env: "A", file: "b" }, { env: "A B" }, {}]) {
    expect(secretReference.safeParse(bad).success, JSON.stringify(bad)).toBe(false);
  }
});

test("only files have paths", () => {
  const absolute = (path: string): string => `/etc/${path}`;
  expect(absoluteReference({ file: "key" }, absolute)).toEqual({ file: "/etc/key" });
  expect(absoluteReference({ env: "KEY" }, absolute)).toEqual({ env: "KEY" });
});
