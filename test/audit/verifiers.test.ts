import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildGoVerifier, verifiers } from "./foreign-tools.ts";
import { type DataFolder, dataFolder, newFolder, temporaryFolder } from "./log-under-test.ts";
import { tamperings } from "./tamperings.ts";
import { sizeOf } from "./tile-folder.ts";

// One log, many ways to tamper with it, and what each verifier says: ours, and those that nobody here wrote.
const go = buildGoVerifier();
const judges = verifiers(go);
for (const { name, missing } of judges)
  if (missing !== undefined) console.log(`skipped: ${name}: ${missing}`);

// An exchange is two entries, and the first entry of a log says that it was opened: 1,401 entries when the checkpoint is
// kept, 1,803 in the end, two levels of tiles.
const exchanges = { untilKept: 700, afterwards: 201 };
let folder: string;
let log: DataFolder;
let exported: string;
let kept: string;
beforeAll(async () => {
  folder = newFolder();
  log = await dataFolder(folder);
  await log.grow(exchanges.untilKept);
  kept = join(folder, "kept.checkpoint");
  writeFileSync(kept, await log.newestCheckpoint());
  await log.grow(exchanges.afterwards);
  exported = join(folder, "exported");
  await log.exportTo(exported);
});

const matrix: string[] = [];
afterAll(() => {
  go.close();
  rmSync(folder, { recursive: true });
  console.log(matrix.join("\n"));
});

for (const { title, expected, tamper } of tamperings) {
  for (const [column, judge] of judges.entries()) {
    test.skipIf(judge.missing !== undefined)(`${title}: ${judge.name}`, async () => {
      const victim = join(temporaryFolder(), "log");
      cpSync(exported, victim, { recursive: true });
      await tamper(victim, log);
      const verdict = await judge.verdict(victim, kept);
      if (column === 0) matrix.push("", title);
      matrix.push(`  ${judge.name.padEnd(32)} ${shortened(verdict)}`);
      expect(verdict).toMatch(expected[judge.name] ?? /^ok$/);
    });
  }
}

test("a log of 67,001 entries, with three levels of tiles, is as everybody here expects it", async () => {
  const data = temporaryFolder();
  const large = await dataFolder(data);
  await large.grow(33_500);
  const copy = join(data, "exported");
  await large.exportTo(copy);
  expect(sizeOf(copy)).toBe(67_001);
  for (const judge of judges.filter(({ missing }) => missing === undefined)) {
    expect([judge.name, await judge.verdict(copy, join(copy, "checkpoint"))]).toEqual([judge.name, "ok"]);
  }
});

function shortened(verdict: string): string {
  const line = verdict.replace(/\s+/g, " ");
  return line.length > 150 ? `${line.slice(0, 150)}…` : line;
}
