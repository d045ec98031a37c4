import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type StartedChild, startChild } from "../../test/fakes/child.ts";

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "bin-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Makes this Node say that it is an old one; a Node started by it says the truth again. */
const pretence = join(folder, "old.cjs");
writeFileSync(
  pretence,
  'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.20.0" } });',
);

function underOldNode(words: readonly string[], environment: NodeJS.ProcessEnv = {}): StartedChild {
  const command = [
    process.execPath,
    "--require",
    pretence,
    join(root, "bin/gatehouse.mjs"),
    ...words,
  ] as const;
  return startChild([...command], { environment: { ...process.env, ...environment } });
}

const hasPinnedNode = process.platform === "linux" && ["x64", "arm64"].includes(process.arch);
if (!hasPinnedNode) console.log("skipped: no pinned Node package for this platform");

test("where no newer Node can be found the version that is needed is said, and nothing is imported", async () => {
  const outcome = await underOldNode(["--version"], { GATEHOUSE_RUN_AGAIN: "1" }).outcome;
  expect(outcome.status).toBe(1);
  expect(outcome.stderr).toMatch(/^gatehouse: needs Node 24, and this is Node 18\.20\.0\./);
});

test.skipIf(!hasPinnedNode)(
  "under an older Node the command runs under the pinned one, status included",
  async () => {
    expect(await underOldNode(["--version"]).outcome).toMatchObject({
      status: 0,
      stdout: "0.1.0\n",
      stderr: "",
    });
    expect((await underOldNode(["no-such-command"]).outcome).status).toBe(2);
  },
);
