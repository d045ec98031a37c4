// `npm run bench -- NAME [--json]`. Figures are ratios within one run wherever they can be: machines differ, and nothing
// here is a test. Bounds are printed beside the figures; a figure outside its bound ends with exit status 1.
import { measureAudit } from "./audit/index.ts";
import { measureCatalogue } from "./catalogue.ts";
import type { Figure } from "./figure.ts";
import { measureSealing } from "./seal.ts";

const benchmarks: ReadonlyMap<string, () => Promise<readonly Figure[]>> = new Map([
  ["audit", () => measureAudit()],
  ["catalogue", measureCatalogue],
  ["seal", measureSealing],
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
  if (!figures.every(isWithin)) process.exitCode = 1;
}

function isWithin({
  value,
  bound = Number.POSITIVE_INFINITY,
  boundMin = Number.NEGATIVE_INFINITY,
}: Figure): boolean {
  return value <= bound && value >= boundMin;
}

function lineOf({ what, value, unit, bound, boundMin }: Figure): string {
  const most = bound === undefined ? "" : `   (at most ${bound})`;
  const limit = boundMin === undefined ? most : `   (at least ${boundMin})`;
  return `${what.padEnd(66)} ${value.toLocaleString("en", { maximumFractionDigits: 2 }).padStart(12)} ${unit}${limit}`;
}
