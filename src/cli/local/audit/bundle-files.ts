import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import { printableJson } from "#lib/printable";
import { BundleFault } from "./bundle-fault.ts";

/** List of the digests of all other files, as `sha256sum --check` takes it. */
export const sumsFile = "SHA256SUMS";

/** The files a bundle has: these, an entry's three, and the recordings of an exchange. */
const bundlePath =
  /^(README\.md|checkpoint|log\.vkey|entries\/(0|[1-9]\d{0,15})\.(leaf|json)|proofs\/(0|[1-9]\d{0,15})\.tlog-proof|recordings\/exc_[A-Za-z0-9]{1,64}\.json)$/;

export function isBundle(folder: string): boolean {
  return existsSync(join(folder, sumsFile)) && existsSync(join(folder, "checkpoint"));
}

export function isBundlePath(path: string): boolean {
  return bundlePath.test(path);
}

/** Writes the files of a bundle into an empty folder, and at last the list of their digests. */
export class BundleWriter {
  readonly #folder: string;
  readonly #sums: string[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Of a file that was not written yet. */
  write(path: string, content: string | Uint8Array): void {
    mkdirSync(dirname(join(this.#folder, path)), { recursive: true, mode: 0o700 });
    writeFileSync(join(this.#folder, path), content, { flag: "wx", mode: 0o600 });
    this.#sums.push(`${sha256(content)}  ${path}\n`);
  }

  finish(): void {
    writeFileSync(join(this.#folder, sumsFile), this.#sums.sort().join(""), { flag: "wx", mode: 0o600 });
  }
}

export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** How a bundle writes JSON. One spelling for one value, and nothing in it that a terminal obeys. */
export function jsonFile(value: unknown): string {
  return `${printableJson(value, 2)}\n`;
}

/**
 * A file of a bundle. It may come from anybody, so only plain files of a sane size are read; another is a `BundleFault`. Throws
 * `file_unreadable` where the system does not let it be read.
 */
export function readBundleFile(folder: string, path: string): Buffer {
  const file = join(folder, path);
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined) throw new BundleFault(path, "it is missing");
  if (!found.isFile()) throw new BundleFault(path, notPlain);
  if (found.size > limits.controlAnswerBytesMax)
    throw new BundleFault(path, `it is larger than ${limits.controlAnswerBytesMax} bytes`);
  try {
    return readFileSync(file);
  } catch (error) {
    throw new GatehouseError("file_unreadable", `Cannot read ${file}: ${messageOf(error)}`);
  }
}

const notPlain = "it is neither a plain file nor a folder of a bundle";

/** The value of a JSON file, if it is spelled as `jsonFile` does: a member that is there twice would say two things to two readers. */
export function readBundleJson(folder: string, path: string): unknown {
  const bytes = readBundleFile(folder, path);
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    if (Buffer.from(jsonFile(value), "utf8").equals(bytes)) return value;
  } catch (error) {
    // Not JSON, or so deep that nobody could have written it.
    if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
  }
  throw new BundleFault(path, "it is not JSON as a bundle spells it, each member once");
}

const foldersOfBundle: ReadonlySet<string> = new Set(["entries", "proofs", "recordings"]);

/**
 * Every file in a folder as a path with `/`. What is no plain file, nor a folder that bundles have, is a `BundleFault`: links are named
 * and never followed.
 */
export function pathsIn(folder: string, below = ""): readonly string[] {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((found) => {
    const path = below === "" ? found.name : `${below}/${found.name}`;
    if (found.isDirectory() && foldersOfBundle.has(path)) return pathsIn(folder, path);
    if (!found.isFile()) throw new BundleFault(path, notPlain);
    return [path];
  });
}
