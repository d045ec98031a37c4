import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";

/** List of the digests of all other files, as `sha256sum --check` takes it. */
export const sumsFile = "SHA256SUMS";

/** The files a bundle has: these, an entry's three, and the recordings of an exchange. */
const bundlePath =
  /^(README\.md|checkpoint|log\.vkey|entries\/(0|[1-9]\d{0,15})\.(leaf|json)|proofs\/(0|[1-9]\d{0,15})\.tlog-proof|recordings\/exc_[A-Za-z0-9]{1,64}\.json)$/;

export function isBundlePath(path: string): boolean {
  return bundlePath.test(path);
}

export function isBundle(folder: string): boolean {
  return existsSync(join(folder, sumsFile)) && existsSync(join(folder, "checkpoint"));
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

/** A file of a bundle. It may come from anybody, so only plain files of a sane size are read. Throws `file_unreadable`. */
export function readBundleFile(folder: string, path: string): Uint8Array | undefined {
  const file = join(folder, path);
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (!found.isFile() || found.size > limits.controlAnswerBytesMax)
    throw new GatehouseError("file_unreadable", `${file} is not a file of a bundle.`);
  try {
    return readFileSync(file);
  } catch (error) {
    throw new GatehouseError("file_unreadable", `Cannot read ${file}: ${messageOf(error)}`);
  }
}

/** Everything that lies in a folder, whatever it is, as paths with `/`. Links are named and never followed. */
export function pathsIn(folder: string, below = ""): readonly string[] {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((found) => {
    const path = below === "" ? found.name : `${below}/${found.name}`;
    return found.isDirectory() ? pathsIn(folder, path) : [path];
  });
}
