import { existsSync } from "node:fs";
import { join } from "node:path";
import { readTable } from "./table.ts";

export interface CarriedVersion {
  readonly api: string;
  readonly version: string;
}

/**
 * The API versions the catalogue carries: those with a method that takes the cloud-platform scope, and the few without
 * one that tools of Google Cloud call besides. The package does not name scopes, hence a table.
 */
export function carriedVersions(): CarriedVersion[] {
  return readTable("gcp-apis", ["api", "host", "versions"]).flatMap(({ api = "", versions = "" }) =>
    versions.split(",").map((version) => ({ api, version })),
  );
}

/** Whether an unpacked `googleapis` has it. */
export function isInPackage(packageFolder: string, { api, version }: CarriedVersion): boolean {
  return existsSync(join(packageFolder, "build/src/apis", api, `${version}.js`));
}
