import { createHash } from "node:crypto";
import { isInPackage } from "./carried.ts";
import { type Comparison, compareVersions } from "./compare.ts";
import { type DiscoverySource, readDiscovery } from "./discovery/index.ts";
import type { ApiVersion } from "./intermediate.ts";
import { mergeVersions } from "./merge.ts";
import { type ReadApi, readApi } from "./read-googleapis.ts";

export interface VersionSources {
  /** Of an unpacked `googleapis`. */
  readonly packageFolder: string;
  readonly discovery: DiscoverySource;
}

export interface ReadVersion extends ReadApi {
  /** What Discovery alone says, where it says anything. */
  readonly fromDiscovery?: ApiVersion;
  readonly fromPackage?: ApiVersion;
  /** Where both sources have the version. */
  readonly comparison?: Comparison;
}

/** Reads one API version from whichever source has it, or from both. Throws when neither has it. */
export function readVersion(sources: VersionSources, api: string, version: string): ReadVersion {
  const discovery = readDiscovery(sources.discovery, api, version);
  const npm = isInPackage(sources.packageFolder, { api, version })
    ? readApi(sources.packageFolder, api, version)
    : undefined;
  if (discovery === undefined) {
    if (npm !== undefined) return { ...npm, fromPackage: npm.description };
    throw new Error(`${api} ${version} is neither in the package nor among the Discovery documents`);
  }
  if (npm === undefined) return { ...discovery, fromDiscovery: discovery.description };
  return {
    description: mergeVersions(discovery.description, npm.description),
    inputDigest: createHash("sha256").update(`${discovery.inputDigest} ${npm.inputDigest}`).digest("hex"),
    fromDiscovery: discovery.description,
    fromPackage: npm.description,
    comparison: compareVersions(discovery.description, npm.description),
  };
}
