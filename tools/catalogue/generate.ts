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
import { readCurated } from "./curated.ts";
import { type DerivedCase, deriveCases, printCases } from "./derived-cases.ts";
import type { DiscoverySource } from "./discovery/index.ts";
import { describeSource, obtainDiscovery } from "./inputs.ts";
import { page } from "./page.ts";
import { addProtos } from "./protos/index.ts";
import { readVersion } from "./read-version.ts";
import { buildSecretGraph, findByteSlips } from "./secrets.ts";

const here = import.meta.dirname;
const target = join(here, "../../src/catalogue/generated");
/** Below the folder of generated files. */
const derivedCases = "../vectors/derived-cases.tsv";
const docsPage = join(here, "../../docs/catalogue.md");
const report = join(here, "out/changes.md");
const comparisonReport = join(here, "out/discovery.md");
const packageFolder = join(here, "node_modules/googleapis");
const protosFolder = join(here, "node_modules/google-proto-files");

process.exitCode = main(process.argv.slice(2));

function main(args: readonly string[]): number {
  const { values } = parseArgs({
    args: [...args],
    options: { check: { type: "boolean" }, discovery: { type: "string" } },
  });
  const isCheck = values.check === true;
  const discovery = openInput(values.discovery);
  if (discovery === undefined) return 1;
  const { texts, files, slips, inputs, comparisons } = generate(discovery);
  const docs = page(files, inputs);
  reportComparisons(comparisons);
  // What was read is written even so: the report of changes is where a slip can be understood.
  const outcome = isCheck ? check(texts, docs) : write(texts, files);
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
}

function generate(discovery: DiscoverySource): Generated {
  const sources = { packageFolder, discovery };
  const inputs = {
    googleapis: packageVersion(packageFolder),
    "google-proto-files": packageVersion(protosFolder),
    ...describeSource(discovery),
  };
  const curated = readCurated();
  const read = carriedVersions().map(({ api, version }) => readVersion(sources, api, version));
  const comparisons = read.flatMap(({ comparison }) => comparison ?? []);
  const digests = new Map(read.map(({ description, inputDigest }) => [versionKey(description), inputDigest]));
  const protos = addProtos(
    protosFolder,
    read.map(({ description }) => description),
    curated,
  );
  const decisions = { ...curated, secretFields: [...curated.secretFields, ...protos.secretFields] };
  const texts = new Map<string, string>();
  const entries: CatalogueManifest["files"] = [];
  const slips: string[] = [...protos.slips];
  const cases: DerivedCase[] = [];
  for (const { description, fromDiscovery, fromPackage } of read) {
    if (fromPackage !== undefined)
      cases.push(...deriveCases(fromPackage.methods, new Set(description.methods.map(({ id }) => id))));
    if (fromDiscovery !== undefined) slips.push(...findByteSlips(fromDiscovery, curated.secretFields));
  }
  const files = protos.versions.map((version) => {
    const file = compose(version, decisions);
    const { unresolved } = buildSecretGraph(version, decisions.secretFields);
    slips.push(...unresolved.map((name) => `no such field: ${name}`));
    const text = printCatalogueFile(file);
    const name = `rest/${version.api}-${version.version}.txt`;
    texts.set(name, text);
    entries.push({
      file: name,
      service: file.service,
      input: digests.get(versionKey(version)) ?? protos.inputDigest,
      sha256: digest(text),
      operations: file.operations.length,
    });
    return file;
  });
  for (const { file, text } of protos.files) texts.set(file, text);
  slips.push(...findStaleDecisions(files, curated, protos.unroutedIds));
  const manifest: CatalogueManifest = {
    format: 2,
    inputs,
    files: entries,
    rpcFiles: protos.files.map(({ file, service, text, rpcs }) => ({
      file,
      service,
      sha256: digest(text),
      rpcs,
    })),
    counts: { ...countAll(files), ...protos.counts },
  };
  texts.set(derivedCases, printCases(cases));
  texts.set("manifest.json", `${JSON.stringify(manifest, null, 1)}\n`);
  return { texts, files, slips, inputs, comparisons };
}

/** The package's paths are derived from examples: how often they are Discovery's says how far to trust the others. */
function reportComparisons(comparisons: readonly Comparison[]): void {
  const { summary, details } = describeComparisons(comparisons);
  mkdirSync(join(here, "out"), { recursive: true });
  writeFileSync(comparisonReport, details);
  console.log(`${summary}; see tools/catalogue/out/discovery.md`);
}

function versionKey({ api, version }: { api: string; version: string }): string {
  return `${api} ${version}`;
}

function packageVersion(folder: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  if (typeof manifest === "object" && manifest !== null && "version" in manifest)
    return String(manifest.version);
  throw new Error(`${folder} has no version`);
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

function write(texts: ReadonlyMap<string, string>, files: readonly CatalogueFile[]): number {
  const old = committed();
  const before = [...old].filter(([name]) => name.startsWith("rest/")).flatMap(([, text]) => parseOld(text));
  for (const folder of ["rest", "rpc"]) mkdirSync(join(target, folder), { recursive: true });
  for (const name of old.keys()) if (!texts.has(name)) rmSync(join(target, name));
  for (const [name, text] of texts) writeFileSync(join(target, name), text);
  mkdirSync(join(here, "out"), { recursive: true });
  const changes = describeChanges(before, files);
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
