// Writes src/catalogue/generated/ from the pinned packages, or with --check says whether it is up to date.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import {
  type CatalogueFile,
  type CatalogueManifest,
  parseCatalogueFile,
  printCatalogueFile,
} from "../../src/catalogue/catalogue-file.ts";
import { carriedVersions } from "./carried.ts";
import { describeChanges } from "./changes.ts";
import { type Comparison, describeComparisons } from "./compare.ts";
import { compose } from "./compose.ts";
import { findStaleDecisions } from "./counts.ts";
import { readCurated, type SecretField } from "./curated.ts";
import { type DerivedCase, deriveCases, printCases } from "./derived-cases.ts";
import type { DiscoverySource } from "./discovery/index.ts";
import { describeSource, obtainDiscovery } from "./inputs.ts";
import { page } from "./page.ts";
import { readVersion } from "./read-version.ts";
import { buildSecretGraph, findByteSlips, findUnseen } from "./secrets.ts";
import { findSuspects } from "./suspects.ts";

const here = import.meta.dirname;
const target = join(here, "../../src/catalogue/generated");
/** Below the folder of generated files. */
const derivedCases = "../vectors/derived-cases.tsv";
const docsPage = join(here, "../../docs/catalogue.md");
const report = join(here, "out/changes.md");
const comparisonReport = join(here, "out/discovery.md");
const packageFolder = join(here, "node_modules/googleapis");

process.exitCode = main(process.argv.slice(2));

function main(args: readonly string[]): number {
  const { values } = parseArgs({
    args: [...args],
    options: { check: { type: "boolean" }, discovery: { type: "string" } },
  });
  const isCheck = values.check === true;
  const discovery = openInput(values.discovery);
  if (discovery === undefined) return 1;
  const { texts, files, slips, inputs, comparisons, suspects } = generate(discovery);
  const docs = page(files, inputs);
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

interface Generated {
  /** File name to content, manifest included. */
  readonly texts: ReadonlyMap<string, string>;
  readonly files: readonly CatalogueFile[];
  readonly slips: readonly string[];
  readonly inputs: Readonly<Record<string, string>>;
  readonly comparisons: readonly Comparison[];
  /** Fields that look secret and are not listed. */
  readonly suspects: readonly string[];
}

function generate(discovery: DiscoverySource): Generated {
  const sources = { packageFolder, discovery };
  const inputs = { googleapis: packageVersion(), ...describeSource(discovery) };
  const comparisons: Comparison[] = [];
  const curated = readCurated();
  const texts = new Map<string, string>();
  const files: CatalogueFile[] = [];
  const entries: CatalogueManifest["files"] = [];
  const slips: string[] = [];
  const cases: DerivedCase[] = [];
  const suspects: string[] = [];
  const present = new Set<SecretField>();
  for (const { api, version } of carriedVersions()) {
    const { description, inputDigest, fromDiscovery, fromPackage, comparison } = readVersion(
      sources,
      api,
      version,
    );
    if (fromPackage !== undefined) {
      cases.push(...deriveCases(fromPackage.methods, new Set(description.methods.map(({ id }) => id))));
    }
    if (comparison !== undefined) comparisons.push(comparison);
    const file = compose(description, curated);
    const { unresolved, present: found } = buildSecretGraph(description, curated.secretFields);
    slips.push(...unresolved.map((name) => `no such field: ${name}`));
    for (const field of found) present.add(field);
    suspects.push(...findSuspects(description, curated.secretFields));
    if (fromDiscovery !== undefined) slips.push(...findByteSlips(fromDiscovery, curated.secretFields));
    const text = printCatalogueFile(file);
    const name = `rest/${api}-${version}.txt`;
    texts.set(name, text);
    files.push(file);
    entries.push({
      file: name,
      service: file.service,
      input: inputDigest,
      sha256: digest(text),
      operations: file.operations.length,
    });
  }
  const apis = new Set(files.map(({ api }) => api));
  slips.push(...findUnseen(curated.secretFields, present, apis), ...findStaleDecisions(files, curated));
  const manifest: CatalogueManifest = {
    format: 2,
    inputs,
    files: entries,
    counts: countAll(files),
  };
  texts.set(derivedCases, printCases(cases));
  texts.set("manifest.json", `${JSON.stringify(manifest, null, 1)}\n`);
  // Versions repeat each other.
  return { texts, files, slips, inputs, comparisons, suspects: [...new Set(suspects)] };
}

/** The package's paths are derived from examples: how often they are Discovery's says how far to trust the others. */
function reportComparisons(comparisons: readonly Comparison[]): void {
  const { summary, details } = describeComparisons(comparisons);
  mkdirSync(join(here, "out"), { recursive: true });
  writeFileSync(comparisonReport, details);
  console.log(`${summary}; see tools/catalogue/out/discovery.md`);
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8"));
  if (typeof manifest === "object" && manifest !== null && "version" in manifest)
    return String(manifest.version);
  throw new Error("googleapis has no version");
}

function countAll(files: readonly CatalogueFile[]): Record<string, number> {
  const operations = files.flatMap((file) => file.operations);
  const counts: Record<string, number> = {
    apiVersions: files.length,
    hosts: new Set(files.map(({ service }) => service)).size,
    operations: operations.length,
    ids: new Set(operations.map(({ id }) => id)).size,
    approximate: operations.filter(({ isApproximate }) => isApproximate).length,
  };
  for (const { class: name } of operations) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function committed(): Map<string, string> {
  try {
    const names = readdirSync(target, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(target, join(entry.parentPath, entry.name)));
    const all = existsSync(join(target, derivedCases)) ? [...names, derivedCases] : names;
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
  mkdirSync(join(target, "rest"), { recursive: true });
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
