import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readGeneratedFiles } from "./load.ts";

const order = ["read", "write", "destructive", "privileged", "secret_read", "unknown"];
const rows = readGeneratedFiles().flatMap((file) => file.operations);

/** How bad a reader found a method, beside every class the catalogue gives it in any version. */
const sample = readFileSync(join(import.meta.dirname, "vectors/hand-read.tsv"), "utf8")
  .trimEnd()
  .split("\n")
  .slice(2)
  .map((line) => {
    const [verdict = "", verb = "", id = ""] = line.split("\t");
    const classes = rows
      .filter((row) => row.id === id && row.http.some((route) => route.startsWith(`${verb} `)))
      .map((row) => row.class);
    return { verdict, verb, id, classes };
  });

test("every method a reader judged exists", () => {
  expect(sample.length).toBeGreaterThanOrEqual(168);
  expect(sample.filter(({ classes }) => classes.length === 0)).toEqual([]);
});

test("no method is classed milder than a reader found it", () => {
  const milder = sample.filter(({ verdict, classes }) =>
    classes.some((each) => order.indexOf(each) < order.indexOf(verdict)),
  );
  expect(milder).toEqual([]);
});

test("what a reader found to be reading is not held up as something worse", () => {
  const harsher = sample.filter(
    ({ verdict, classes }) => verdict === "read" && classes.some((each) => each !== "read"),
  );
  expect(harsher).toEqual([]);
});

test("no method that takes away, grants or hands out secrets is classed as a read, by name", () => {
  const suspicious =
    /\.(?:delete|destroy|remove|set|disable|enable|create|insert|update|patch|access|sign|generate|import|restore)[A-Z]?\w*$/;
  const reads = rows.filter((row) => row.class === "read" && suspicious.test(row.id)).map((row) => row.id);
  expect([...new Set(reads)]).toEqual([]);
});
