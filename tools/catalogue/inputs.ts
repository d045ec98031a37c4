import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type DiscoverySource, openDiscovery } from "./discovery/index.ts";

const requirements = join(import.meta.dirname, "requirements.txt");
const folder = join(import.meta.dirname, "inputs");

/** A wheel, pinned by `requirements.txt`, which pip understands too. */
export interface PinnedWheel {
  readonly name: string;
  readonly version: string;
  /** SHA-256, hex. */
  readonly digest: string;
}

/** Throws on anything but one requirement with one hash. */
export function parseRequirement(text: string): PinnedWheel {
  const [, name, version, digest] =
    /^([a-z][a-z-]*)==([\d.]+) --hash=sha256:([\da-f]{64})\n$/.exec(text) ?? [];
  if (name === undefined || version === undefined || digest === undefined)
    throw new Error("requirements.txt: not one wheel with its SHA-256");
  return { name, version, digest };
}

export const pinned = parseRequirement(readFileSync(requirements, "utf8"));
export const wheelPath = join(
  folder,
  `${pinned.name.replaceAll("-", "_")}-${pinned.version}-py3-none-any.whl`,
);

/**
 * The Discovery documents: of `path` when one is given, otherwise of the pinned wheel, which pip fetches the first time.
 * Throws when there is no pip, or when what lies in `inputs/` is not the pinned wheel.
 */
export function obtainDiscovery(path: string | undefined): DiscoverySource {
  if (path !== undefined) return openDiscovery(path);
  if (!existsSync(wheelPath)) fetchWheel();
  return verifyPinned(openDiscovery(wheelPath));
}

/** Throws when it is not the wheel of `requirements.txt`: what lies in `inputs/` may have been put there by hand. */
export function verifyPinned(source: DiscoverySource): DiscoverySource {
  if (source.digest === pinned.digest) return source;
  throw new Error(`${wheelPath} is not the wheel that requirements.txt names; delete it and start again`);
}

// pip looks where the machine's owner told it to look, and checks the hash wherever that is.
function fetchWheel(): void {
  const options = ["--no-deps", "--require-hashes", "--only-binary", ":all:"];
  const run = spawnSync(
    "python3",
    ["-m", "pip", "download", ...options, "--dest", folder, "-r", requirements],
    { stdio: ["ignore", "inherit", "inherit"] },
  );
  if (run.status === 0 && existsSync(wheelPath)) return;
  throw new Error(
    `pip could not fetch ${pinned.name} ${pinned.version}. Put its wheel (SHA-256 ${pinned.digest}) at ${wheelPath}, ` +
      "or name a wheel or a folder of Discovery documents with --discovery PATH.",
  );
}

/** How the manifest names the source: by the pin when it is the pinned wheel, wherever that lay. */
export function describeSource(source: DiscoverySource): Record<string, string> {
  return source.digest === pinned.digest
    ? { [pinned.name]: `${pinned.version} sha256:${pinned.digest}` }
    : { "discovery documents": `sha256:${source.digest}` };
}
