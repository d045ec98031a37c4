import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type UnzipFileInfo, unzipSync } from "fflate";

/** A collection of Discovery documents, by file name: `run.v2.json`. */
export interface DiscoverySource {
  readonly names: ReadonlySet<string>;
  /** Throws for a name that is not in `names`. */
  readonly read: (name: string) => string;
  /** SHA-256, hex: of the wheel, or of the names and contents of a folder. */
  readonly digest: string;
}

// The largest document is 6 MB; an entry ten times that size is not one of Google's.
const documentBytesMax = 64 * 1024 * 1024;
const wheelFolder = "googleapiclient/discovery_cache/documents/";

/** `path` is a folder of `<api>.<version>.json`, or a wheel of google-api-python-client. Throws when it is neither. */
export function openDiscovery(path: string): DiscoverySource {
  const source = statSync(path).isDirectory() ? openFolder(path) : openWheel(readFileSync(path));
  if (source.names.size === 0) throw new Error(`${path}: no Discovery documents (<api>.<version>.json)`);
  return source;
}

function openFolder(folder: string): DiscoverySource {
  const names = readdirSync(folder).filter(isDocumentName).sort();
  const hash = createHash("sha256");
  for (const name of names) hash.update(name).update("\0").update(readDocument(folder, name)).update("\0");
  return lookUp(new Set(names), hash.digest("hex"), (name) => readDocument(folder, name).toString("utf8"));
}

function readDocument(folder: string, name: string): Buffer {
  const path = join(folder, name);
  if (statSync(path).size > documentBytesMax) throw new Error(`${name}: too large for a Discovery document`);
  return readFileSync(path);
}

/** Exported for the tests, which make wheels in memory. */
export function openWheel(bytes: Uint8Array): DiscoverySource {
  const names = listDocuments(bytes);
  const digest = createHash("sha256").update(bytes).digest("hex");
  return lookUp(names, digest, (name) => inflate(bytes, wheelFolder + name));
}

/** Two entries of one name would leave it to the reader which of them counts, so they are refused. */
function listDocuments(bytes: Uint8Array): Set<string> {
  const names = new Set<string>();
  visit(bytes, ({ name, originalSize }) => {
    const short = name.startsWith(wheelFolder) ? name.slice(wheelFolder.length) : "";
    if (!isDocumentName(short)) return false;
    if (names.has(short)) throw new Error(`${short} is in the wheel twice`);
    if (originalSize > documentBytesMax) throw new Error(`${short}: too large for a Discovery document`);
    names.add(short);
    return false;
  });
  return names;
}

function inflate(bytes: Uint8Array, wanted: string): string {
  const text = visit(bytes, ({ name }) => name === wanted)[wanted];
  if (text === undefined) throw new Error(`${wanted} is not in the wheel`);
  return new TextDecoder("utf-8", { fatal: true }).decode(text);
}

function visit(bytes: Uint8Array, filter: (file: UnzipFileInfo) => boolean): Record<string, Uint8Array> {
  return unzipSync(bytes, { filter });
}

/** A plain file name of two parts: nothing with a slash, nothing that begins with a dot, and not the index. */
function isDocumentName(name: string): boolean {
  return /^[a-z]\w*\.\w+\.json$/i.test(name);
}

function lookUp(names: ReadonlySet<string>, digest: string, read: (name: string) => string): DiscoverySource {
  return {
    names,
    digest,
    read: (name) => {
      if (!names.has(name)) throw new Error(`there is no Discovery document ${name}`);
      return read(name);
    },
  };
}
