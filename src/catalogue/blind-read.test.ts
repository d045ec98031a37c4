import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseClass } from "./catalogue-file.ts";
import { readGeneratedFiles } from "./load.ts";
import { compareClasses, type RiskClass } from "./operation.ts";

interface Judged {
  readonly verb: string;
  readonly id: string;
  readonly verdict: RiskClass;
  /** Where the catalogue keeps another class than the reader's, after somebody looked again. */
  readonly settled: RiskClass | undefined;
  readonly because: string;
  /** The worst class the catalogue gives it in any version. */
  readonly found: RiskClass | undefined;
}

const rows = readGeneratedFiles().flatMap((file) => file.operations);
const sample = readFileSync(join(import.meta.dirname, "vectors/blind-read.tsv"), "utf8")
  .trimEnd()
  .split("\n")
  .filter((line) => !line.startsWith("#"))
  .slice(1)
  .map(judged);

function judged(line: string): Judged {
  const [verdict = "", verb = "", id = "", , , settled = "", because = ""] = line.split("\t");
  const classes = rows
    .filter((row) => row.id === id && row.http.some((route) => route.startsWith(`${verb} `)))
    .map((row) => row.class)
    .sort(compareClasses);
  return {
    verb,
    id,
    verdict: parseClass(verdict),
    settled: settled === "-" ? undefined : parseClass(settled),
    because,
    found: classes.at(-1),
  };
}

test("no method that readers found destructive, privileged or handing out secrets is classed as a read", () => {
  const bad = sample.filter(({ verdict, found }) => found === "read" && !["read", "write"].includes(verdict));
  expect(bad).toEqual([]);
});

test("every class is the readers', or settled otherwise with a reason", () => {
  expect(sample.length).toBeGreaterThanOrEqual(300);
  const open = sample.filter(({ verdict, settled, found }) => found !== (settled ?? verdict));
  expect(open).toEqual([]);
  expect(sample.filter(({ settled, because }) => settled !== undefined && because.length < 10)).toEqual([]);
});

test("nine in ten classes are the readers' own", () => {
  const kept = sample.filter(({ settled }) => settled === undefined);
  expect(kept.length / sample.length).toBeGreaterThan(0.9);
});
