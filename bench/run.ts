// `npm run bench -- NAME [--json]`. Figures are ratios within one run wherever they can be: machines differ, and nothing
// here is a test. Bounds are printed beside the figures; a figure outside its bound ends with exit status 1.
import { measureAudit } from "./audit.ts";
import { measureCatalogue } from "./catalogue.ts";
import type { Figure } from "./figure.ts";

const benchmarks: ReadonlyMap<string, () => Promise<readonly Figure[]>> = new Map([
  ["audit", measureAudit],
  ["catalogue", measureCatalogue],
]);

const names = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const isJson = process.argv.includes("--json");
const [name = ""] = names;
const measure = benchmarks.get(name);
if (measure === undefined || names.length !== 1) {
  console.error(`usage: npm run bench -- NAME [--json]; benchmarks: ${[...benchmarks.keys()].join(", ")}`);
  process.exitCode = 2;
} else {
  const figures = await measure();
  console.log(isJson ? JSON.stringify({ benchmark: name, figures }) : figures.map(lineOf).join("\n"));
  if (figures.some(({ value, bound }) => bound !== undefined && value > bound)) process.exitCode = 1;
}

function lineOf({ what, value, unit, bound }: Figure): string {
  const limit = bound === undefined ? "" : `   (at most ${bound})`;
  return `${what.padEnd(66)} ${value.toLocaleString("en", { maximumFractionDigits: 2 }).padStart(12)} ${unit}${limit}`;
}
