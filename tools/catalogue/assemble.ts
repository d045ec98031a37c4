import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type CatalogueFile,
  type CatalogueManifest,
  printCatalogueFile,
} from "../../src/catalogue/catalogue-file.ts";
import { carriedVersions } from "./carried.ts";
import { countRoutes } from "./collisions.ts";
import type { Comparison } from "./compare.ts";
import { compose } from "./compose.ts";
import { findStaleDecisions } from "./counts.ts";
import { type Curated, readCurated, type SecretField } from "./curated.ts";
import { deriveCases, printCases } from "./derived-cases.ts";
import type { DiscoverySource } from "./discovery/index.ts";
import { describeSource } from "./inputs.ts";
import type { ApiVersion } from "./intermediate.ts";
import { type AddedProtos, addProtos } from "./protos/index.ts";
import { type ReadVersion, readVersion } from "./read-version.ts";
import { buildSecretGraph, findByteSlips, findUnseen } from "./secrets.ts";
import { findSuspects } from "./suspects.ts";

const packageFolder = join(import.meta.dirname, "node_modules/googleapis");
const protosFolder = join(import.meta.dirname, "node_modules/google-proto-files");

/** Below the folder of generated files. */
export const derivedCasesFile = "../vectors/derived-cases.tsv";

/** All that is written, and what a reviewer should know of it. */
export interface Assembled {
  /** File name to content, manifest included. */
  readonly texts: ReadonlyMap<string, string>;
  readonly files: readonly CatalogueFile[];
  /** Curated decisions that do not hold for what was read; each a sentence. */
  readonly slips: readonly string[];
  readonly manifest: CatalogueManifest;
  readonly comparisons: readonly Comparison[];
  /** Fields that look secret and are not listed. */
  readonly suspects: readonly string[];
}

/** Reads all inputs, joins them, and says what the committed files should be. */
export function assemble(discovery: DiscoverySource): Assembled {
  const curated = readCurated();
  const read = carriedVersions().map(({ api, version }) =>
    readVersion({ packageFolder, discovery }, api, version),
  );
  const protos = addProtos(
    protosFolder,
    read.map(({ description }) => description),
    curated,
  );
  const decisions = { ...curated, secretFields: [...curated.secretFields, ...protos.secretFields] };
  const composed = composeAll(protos.versions, decisions);
  const { rivals } = countRoutes(composed.files);
  const files = composed.files.map((file) => withRivals(file, rivals));
  const texts = new Map<string, string>(files.map((file) => [fileName(file), printCatalogueFile(file)]));
  const manifest = manifestOf({ discovery, read, protos, files, texts });
  for (const { file, text } of protos.files) texts.set(file, text);
  texts.set(derivedCasesFile, printCases(read.flatMap(casesOf)));
  texts.set("manifest.json", `${JSON.stringify(manifest, null, 1)}\n`);
  const slips = [
    ...protos.slips,
    ...read.flatMap(({ fromDiscovery }) =>
      fromDiscovery === undefined ? [] : findByteSlips(fromDiscovery, curated.secretFields),
    ),
    ...composed.slips,
    ...findStaleDecisions(files, curated, protos.unroutedIds),
  ];
  const suspects = read.flatMap(({ description }) => findSuspects(description, curated.secretFields));
  // Versions repeat each other.
  const unique = [...new Set(suspects)];
  const comparisons = read.flatMap(({ comparison }) => comparison ?? []);
  return { texts, files, slips, manifest, comparisons, suspects: unique };
}

function composeAll(
  versions: readonly ApiVersion[],
  curated: Curated,
): { readonly files: readonly CatalogueFile[]; readonly slips: readonly string[] } {
  const slips: string[] = [];
  const present = new Set<SecretField>();
  const files = versions.map((version) => {
    const graph = buildSecretGraph(version, curated.secretFields);
    slips.push(...graph.unresolved.map((name) => `no such field: ${name}`));
    for (const field of graph.present) present.add(field);
    return compose(version, curated);
  });
  const apis = new Set(files.map(({ api }) => api));
  return { files, slips: [...slips, ...findUnseen(curated.secretFields, present, apis)] };
}

function withRivals(file: CatalogueFile, rivals: ReadonlyMap<string, readonly string[]>): CatalogueFile {
  if (!file.operations.some(({ id }) => rivals.has(id))) return file;
  const ids = new Set(file.operations.map(({ id }) => id));
  const operations = file.operations.map((row) => ({
    ...row,
    rivals: (rivals.get(row.id) ?? []).filter((id) => ids.has(id)),
  }));
  return { ...file, operations };
}

function casesOf({ description, fromPackage }: ReadVersion) {
  const ids = new Set(description.methods.map(({ id }) => id));
  return fromPackage === undefined ? [] : deriveCases(fromPackage.methods, ids);
}

function fileName({ api, version }: CatalogueFile): string {
  return `rest/${api}-${version}.txt`;
}

interface ManifestSources {
  readonly discovery: DiscoverySource;
  readonly read: readonly ReadVersion[];
  readonly protos: AddedProtos;
  readonly files: readonly CatalogueFile[];
  readonly texts: ReadonlyMap<string, string>;
}

function manifestOf({ discovery, read, protos, files, texts }: ManifestSources): CatalogueManifest {
  const digests = new Map(read.map(({ description, inputDigest }) => [versionKey(description), inputDigest]));
  return {
    format: 2,
    inputs: {
      googleapis: packageVersion(packageFolder),
      "google-proto-files": packageVersion(protosFolder),
      ...describeSource(discovery),
    },
    files: files.map((file) => ({
      file: fileName(file),
      service: file.service,
      input: digests.get(versionKey(file)) ?? protos.inputDigest,
      sha256: digest(texts.get(fileName(file)) ?? ""),
      operations: file.operations.length,
    })),
    rpcFiles: protos.files.map(({ file, service, text, rpcs }) => ({
      file,
      service,
      sha256: digest(text),
      rpcs,
    })),
    counts: { ...countAll(files), ...protos.counts },
  };
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
