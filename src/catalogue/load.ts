import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { GatehouseError } from "#lib/errors";
import type { Catalogue } from "./catalogue.ts";
import { type CatalogueFile, catalogueManifest, parseCatalogueFile } from "./catalogue-file.ts";
import { type CatalogueOptions, type CatalogueSource, openCatalogue } from "./open-catalogue.ts";
import { parseRpcFile, type RpcFile } from "./rpc/rpc-file.ts";

const generated = join(import.meta.dirname, "generated");

/**
 * Reads the committed files, once at start, and holds each against its digest: what is parsed later is then what the
 * generator wrote. Throws GatehouseError `catalogue_broken` when one is not as written.
 */
export function loadCatalogue(options?: CatalogueOptions): Catalogue {
  const { sources, rpcSources } = readSources();
  return openCatalogue(sources, { rpcSources, ...options });
}

/** The committed files, parsed; for the generator and for tests. */
export function readGeneratedFiles(): CatalogueFile[] {
  return readSources().sources.map(({ text }) => parseCatalogueFile(text));
}

/** The same for what is known of gRPC. */
export function readRpcFiles(): RpcFile[] {
  return readSources().rpcSources.map(({ text }) => parseRpcFile(text));
}

interface Sources {
  readonly sources: readonly CatalogueSource[];
  readonly rpcSources: readonly CatalogueSource[];
}

function readSources(): Sources {
  try {
    const manifest = catalogueManifest.parse(
      JSON.parse(readFileSync(join(generated, "manifest.json"), "utf8")),
    );
    return { sources: manifest.files.map(readSource), rpcSources: manifest.rpcFiles.map(readSource) };
  } catch (error) {
    throw new GatehouseError(
      "catalogue_broken",
      "The catalogue of methods cannot be read; reinstall Gatehouse or run `npm run catalogue`.",
      { cause: error },
    );
  }
}

function readSource(entry: { file: string; service: string; sha256: string }): CatalogueSource {
  const bytes = readFileSync(join(generated, entry.file));
  if (createHash("sha256").update(bytes).digest("hex") !== entry.sha256)
    throw new Error(`${entry.file} was changed`);
  return { service: entry.service, text: bytes.toString("latin1") };
}
