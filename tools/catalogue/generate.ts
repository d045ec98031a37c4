// Writes src/catalogue/generated/ from the pinned packages, or with --check says whether it is up to date.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import {
  type CatalogueFile,
  type CatalogueManifest,
  parseCatalogueFile,
  printCatalogueFile,
} from "../../src/catalogue/catalogue-file.ts";
import { carriedVersions, isInPackage } from "./carried.ts";
import { describeChanges } from "./changes.ts";
import { compose } from "./compose.ts";
import { findStaleDecisions } from "./counts.ts";
import { readCurated, type SecretField } from "./curated.ts";
import { page } from "./page.ts";
import { readApi } from "./read-googleapis.ts";
import { buildSecretGraph, findUnseen } from "./secrets.ts";
import { findSuspects } from "./suspects.ts";

const here = import.meta.dirname;
const target = join(here, "../../src/catalogue/generated");
const docsPage = join(here, "../../docs/catalogue.md");
const report = join(here, "out/changes.md");
const packageFolder = join(here, "node_modules/googleapis");

process.exitCode = main(process.argv.slice(2));

function main(options: readonly string[]): number {
  const isCheck = options.includes("--check");
  const { texts, files, slips, suspects } = generate();
  const docs = page(files, packageVersion());
  // What was read is written even so: the report of changes is where a slip can be understood.
  const outcome = isCheck ? check(texts, docs) : write(texts, files, suspects);
  if (!isCheck) writeFileSync(docsPage, docs);
  for (const slip of slips) console.error(slip);
  if (slips.length === 0) return outcome;
  console.error(`catalogue: ${slips.length} curated decisions do not hold; look at each and correct it`);
  return 1;
}

interface Generated {
  /** File name to content, manifest included. */
  readonly texts: ReadonlyMap<string, string>;
  readonly files: readonly CatalogueFile[];
  readonly slips: readonly string[];
  /** Fields that look secret and are not listed. */
  readonly suspects: readonly string[];
}

function generate(): Generated {
  const curated = readCurated();
  const texts = new Map<string, string>();
  const files: CatalogueFile[] = [];
  const entries: CatalogueManifest["files"] = [];
  const slips: string[] = [];
  const suspects: string[] = [];
  const present = new Set<SecretField>();
  for (const { api, version } of carriedVersions().filter((each) => isInPackage(packageFolder, each))) {
    const { description, inputDigest } = readApi(packageFolder, api, version);
    const file = compose(description, curated);
    const { unresolved, present: found } = buildSecretGraph(description, curated.secretFields);
    slips.push(...unresolved.map((name) => `no such field: ${name}`));
    for (const field of found) present.add(field);
    suspects.push(...findSuspects(description, curated.secretFields));
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
    inputs: { googleapis: packageVersion() },
    files: entries,
    counts: countAll(files),
  };
  texts.set("manifest.json", `${JSON.stringify(manifest, null, 1)}\n`);
  // Versions repeat each other.
  return { texts, files, slips, suspects: [...new Set(suspects)] };
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
    return new Map(names.map((name) => [name, readFileSync(join(target, name), "utf8")]));
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
