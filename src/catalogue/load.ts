import { readFileSync } from "node:fs";
import { join } from "node:path";
import { GatehouseError } from "#lib/errors";
import { buildCatalogue } from "./build.ts";
import type { Catalogue } from "./catalogue.ts";
import { type CatalogueFile, catalogueFile, catalogueManifest } from "./catalogue-file.ts";

const generated = join(import.meta.dirname, "generated");

/** Reads the generated files, once at start. Throws GatehouseError `catalogue_broken` when one is not as written. */
export function loadCatalogue(): Catalogue {
  return buildCatalogue(readGeneratedFiles());
}

/** The generated files, parsed; for the catalogue and for tests. */
export function readGeneratedFiles(): CatalogueFile[] {
  try {
    const manifest = catalogueManifest.parse(readJson("manifest.json"));
    return manifest.files.map(({ file }) => catalogueFile.parse(readJson(file)));
  } catch (error) {
    throw new GatehouseError(
      "catalogue_broken",
      "The catalogue of methods cannot be read; reinstall Gatehouse or run `npm run catalogue`.",
      { cause: error },
    );
  }
}

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(join(generated, name), "utf8"));
}
