import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { GatehouseError } from "#lib/errors";
import type { Catalogue } from "./catalogue.ts";
import { type CatalogueFile, catalogueManifest, parseCatalogueFile } from "./catalogue-file.ts";
import { type CatalogueOptions, type CatalogueSource, openCatalogue } from "./open-catalogue.ts";

const generated = join(import.meta.dirname, "generated");

/**
 * Reads the committed files, once at start, and holds each against its digest: what is parsed later is then what the
 * generator wrote. Throws GatehouseError `catalogue_broken` when one is not as written.
 */
export function loadCatalogue(options?: CatalogueOptions): Catalogue {
  return openCatalogue(readSources(), options);
}

/** The committed files, parsed; for the generator and for tests. */
export function readGeneratedFiles(): CatalogueFile[] {
  return readSources().map(({ text }) => parseCatalogueFile(text));
}

function readSources(): CatalogueSource[] {
  try {
    const manifest = catalogueManifest.parse(
      JSON.parse(readFileSync(join(generated, "manifest.json"), "utf8")),
    );
    return manifest.files.map(({ file, service, sha256 }) => {
      const bytes = readFileSync(join(generated, file));
      if (createHash("sha256").update(bytes).digest("hex") !== sha256) throw new Error(`${file} was changed`);
      return { service, text: bytes.toString("latin1") };
    });
  } catch (error) {
    throw new GatehouseError(
      "catalogue_broken",
      "The catalogue of methods cannot be read; reinstall Gatehouse or run `npm run catalogue`.",
      { cause: error },
    );
  }
}
