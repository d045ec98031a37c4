// Writes src/catalogue/generated/ from the pinned packages, or with --check says whether it is up to date.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { type CatalogueFile, parseCatalogueFile } from "../../src/catalogue/catalogue-file.ts";
import { assemble, derivedCasesFile } from "./assemble.ts";
import { describeChanges } from "./changes.ts";
import { type Comparison, describeComparisons } from "./compare.ts";
import type { DiscoverySource } from "./discovery/index.ts";
import { obtainDiscovery } from "./inputs.ts";
import { page } from "./page.ts";

const here = import.meta.dirname;
const target = join(here, "../../src/catalogue/generated");
const docsPage = join(here, "../../docs/catalogue.md");
const report = join(here, "out/changes.md");
const comparisonReport = join(here, "out/discovery.md");

process.exitCode = main(process.argv.slice(2));

function main(args: readonly string[]): number {
  const { values } = parseArgs({
    args: [...args],
    options: { check: { type: "boolean" }, discovery: { type: "string" } },
  });
  const isCheck = values.check === true;
  const discovery = openInput(values.discovery);
  if (discovery === undefined) return 1;
  const { texts, files, slips, manifest, comparisons, suspects } = assemble(discovery);
  const docs = page(files, manifest);
  reportComparisons(comparisons);
  // What was read is written even so: the report of changes is where a slip can be understood.
  const outcome = isCheck ? check(texts, docs) : write(texts, files, suspects);
  if (!isCheck) writeFileSync(docsPage, docs);
  for (const slip of slips) console.error(slip);
  if (slips.length === 0) return outcome;
  console.error(`catalogue: ${slips.length} curated decisions do not hold; look at each and correct it`);
  return 1;
}

function openInput(path: string | undefined): DiscoverySource | undefined {
  try {
    return obtainDiscovery(path);
  } catch (error) {
    console.error(`catalogue: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

/** The package's paths are derived from examples: how often they are Discovery's says how far to trust the others. */
function reportComparisons(comparisons: readonly Comparison[]): void {
  const { summary, details } = describeComparisons(comparisons);
  mkdirSync(join(here, "out"), { recursive: true });
  writeFileSync(comparisonReport, details);
  console.log(`${summary}; see tools/catalogue/out/discovery.md`);
}

function committed(): Map<string, string> {
  try {
    const names = readdirSync(target, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(target, join(entry.parentPath, entry.name)));
    const all = existsSync(join(target, derivedCasesFile)) ? [...names, derivedCasesFile] : names;
    return new Map(all.map((name) => [name, readFileSync(join(target, name), "utf8")]));
  } catch {
    return new Map();
  }
}

function check(texts: ReadonlyMap<string, string>, docs: string): number {
  const old = committed();
  const stale = [...new Set([...old.keys(), ...texts.keys()])].filter(
    (name) => old.get(name) !== texts.get(name),
  );
  if (readFileSync(docsPage, "utf8") !== docs) stale.push("../../../docs/catalogue.md");
  for (const name of stale) console.error(`src/catalogue/generated/${name} is not what its inputs give`);
  console.log(
    stale.length === 0 ? "catalogue: up to date" : "catalogue: run `npm run catalogue` and review the change",
  );
  return stale.length === 0 ? 0 : 1;
}

function write(
  texts: ReadonlyMap<string, string>,
  files: readonly CatalogueFile[],
  suspects: readonly string[],
): number {
  const old = committed();
  const before = [...old].filter(([name]) => name.startsWith("rest/")).flatMap(([, text]) => parseOld(text));
  for (const folder of ["rest", "rpc"]) mkdirSync(join(target, folder), { recursive: true });
  for (const name of old.keys()) if (!texts.has(name)) rmSync(join(target, name));
  for (const [name, text] of texts) writeFileSync(join(target, name), text);
  mkdirSync(join(here, "out"), { recursive: true });
  const changes = describeChanges(before, files, suspects);
  writeFileSync(report, `# Changes to the catalogue\n\n${changes}`);
  console.log(
    changes
      .split("\n")
      .filter((line) => line.startsWith("## "))
      .join("\n"),
  );
  const operations = files.reduce((sum, file) => sum + file.operations.length, 0);
  console.log(
    `catalogue: ${operations} operations in ${files.length} files; see tools/catalogue/out/changes.md`,
  );
  return 0;
}

/** A file that is broken or of an older form tells nothing; everything is then new. */
function parseOld(text: string): CatalogueFile[] {
  try {
    return [parseCatalogueFile(text)];
  } catch {
    return [];
  }
}
