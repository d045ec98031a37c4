import { existsSync, lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readControlPlaneFile } from "#agent";
import type { LogCopy } from "#archive";
import type { Configuration, DatabaseConfiguration } from "#config";
import { GatehouseError, messageOf } from "#lib/errors";
import type { Secret } from "#lib/secret";
import { type TileSource, tileBytesMax, type Verifier } from "#tlog";
import { consoleSignIn } from "../../console-sign-in.ts";
import { patiently } from "../../patience.ts";
import { findServer, type Server } from "../../server.ts";
import type { Settings } from "../../settings.ts";
import { namedBucket } from "./named-bucket.ts";

/** A log as the gateway keeps it: `folder` has its verifier key, and where nothing else is configured its database. */
export interface StoredPlace {
  readonly kind: "data folder" | "database";
  readonly folder: string;
  readonly database: DatabaseConfiguration;
}

export function isStored(place: LogPlace): place is StoredPlace {
  return place.kind === "data folder" || place.kind === "database";
}

/** Where a log is to be found, as somebody named it on the command line. */
export type LogPlace =
  | StoredPlace
  | { readonly kind: "tiles"; readonly folder: string }
  | { readonly kind: "bucket"; readonly named: string; readonly copy: LogCopy }
  | { readonly kind: "server"; readonly server: Server };

/** A folder with a database, a folder with tiles, a URL, a configuration that names a database; nothing named is the server that commands speak to. A bucket's connections are closed with `opened`. */
export async function findLog(
  named: string | undefined,
  settings: Settings,
  opened: AsyncDisposableStack,
): Promise<LogPlace> {
  if (named === undefined) return { kind: "server", server: await findServer(settings) };
  if (/^https?:\/\//.test(named)) {
    return { kind: "server", server: await findServer({ ...settings, url: named }) };
  }
  if (/^(s3|gs):\/\//.test(named)) {
    return { kind: "bucket", named, copy: await namedBucket(named, settings.terminal, opened) };
  }
  if (existsSync(join(named, "gatehouse.db")))
    return { kind: "data folder", folder: named, database: { kind: "sqlite" } };
  if (existsSync(join(named, "checkpoint"))) return { kind: "tiles", folder: named };
  if (existsSync(join(named, "checkpoints"))) {
    const { folderCopy } = await import("#archive");
    return { kind: "bucket", named, copy: folderCopy(named) };
  }
  if (/\.ya?ml$/.test(named)) return configuredPlace(named);
  throw new GatehouseError(
    "log_not_found",
    `There is no log at ${named}: neither a data folder (gatehouse.db), an exported one (checkpoint, tile/), a copy of a bucket (checkpoints/, tile/), nor a configuration (.yaml).`,
  );
}

/** A log to be read as files, and what a copy knows beyond them. */
export interface FoundTiles extends TileSource {
  /** Checkpoints before the newest. */
  older?(): Promise<readonly string[]>;
  /** Paths that somebody wrote over. */
  readonly overwritten?: readonly string[];
  /** Paths of what the log never wrote. */
  readonly junk?: readonly string[];
}

/** `verifier` tells a copy's checkpoints from what others put beside them. */
export async function tileSource(
  place: Exclude<LogPlace, StoredPlace>,
  verifier: Verifier,
  person: string | undefined,
  settings: Settings,
): Promise<FoundTiles> {
  if (place.kind === "tiles") return folderSource(place.folder);
  if (place.kind === "server") return serverSource(place.server, person, settings);
  const { openCopiedLog } = await import("#archive");
  return openCopiedLog(place.copy, verifier);
}

async function configuredPlace(file: string): Promise<StoredPlace> {
  const { loadConfiguration } = await import("#config");
  return storedPlace(loadConfiguration(file));
}

/** Where a gateway of this configuration keeps its log. */
export function storedPlace({
  data: folder,
  database,
}: Pick<Configuration, "data" | "database">): StoredPlace {
  return { kind: database.kind === "sqlite" ? "data folder" : "database", folder, database };
}

/** An exported folder. It may come from anybody, so only plain files of a sane size are read. */
export function folderSource(folder: string): TileSource {
  const read = (path: string): Uint8Array | undefined => {
    const file = join(folder, path);
    const found = lstatSync(file, { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    if (!found.isFile() || found.size > tileBytesMax)
      throw new GatehouseError("file_unreadable", `${file} is not a file of a log.`);
    try {
      return readFileSync(file);
    } catch (error) {
      throw new GatehouseError("file_unreadable", `Cannot read ${file}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  };
  return {
    checkpoint: async () => decode(read("checkpoint")),
    read: async (path) => read(path),
  };
}

const prefix = "/api/v1/audit/log/";
/** A running server, as an auditor who signed in just now. */
export async function serverSource(
  server: Server,
  person: string | undefined,
  { terminal }: Pick<Settings, "terminal">,
): Promise<TileSource> {
  const { idToken: bearer } = await consoleSignIn(server, person, terminal);
  return tilesOfServer(server.url, bearer, terminal);
}

/** The same for somebody who is signed in already. */
export function tilesOfServer(url: string, bearer: Secret, terminal: Settings["terminal"]): TileSource {
  const read = (path: string): Promise<Uint8Array | undefined> =>
    patiently(() => readControlPlaneFile({ url, path: prefix + path, bearer }, tileBytesMax), terminal);
  return { checkpoint: async () => decode(await read("checkpoint")), read };
}

function decode(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString("utf8");
}
