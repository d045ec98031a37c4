import type { z } from "zod";
import { callControlPlane, readControlPlaneFile } from "#agent";
import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import type { TileSource } from "#tlog";
import { consoleSignIn } from "../../console-sign-in.ts";
import { patiently } from "../../patience.ts";
import { findServer, type Server } from "../../server.ts";
import type { Settings } from "../../settings.ts";
import { tilesOfServer } from "./log-place.ts";

/** Asks the server as somebody who signed in just now; what it answers is on record there. */
export interface Auditor {
  readonly server: Server;
  /** With `json` it is posted. */
  ask<Shape extends z.ZodType>(path: string, answer: Shape, json?: object): Promise<z.output<Shape>>;
  /** Throws `entry_not_found` when there is no such file. */
  read(path: string): Promise<string>;
  /** The server's log as it is published. */
  tiles(): TileSource;
}

export async function signInAsAuditor(person: string | undefined, settings: Settings): Promise<Auditor> {
  const server = await findServer(settings);
  const { idToken: bearer } = await consoleSignIn(server, person, settings.terminal);
  const { url } = server;
  return {
    server,
    ask: (path, answer, json) =>
      patiently(
        () => callControlPlane({ url, bearer, path, answer, ...(json === undefined ? {} : { json }) }),
        settings.terminal,
      ),
    read: async (path) => {
      const bytes = await readControlPlaneFile({ url, bearer, path }, limits.controlAnswerBytesMax);
      if (bytes !== undefined) return Buffer.from(bytes).toString("utf8");
      throw new GatehouseError("entry_not_found", "There is no such entry in this log.");
    },
    tiles: () => tilesOfServer(url, bearer, settings.terminal),
  };
}

/** The index of an entry becomes part of a path. */
export function entryIndex(text: string | undefined): number {
  if (text !== undefined && /^(0|[1-9]\d{0,14})$/.test(text)) return Number(text);
  throw new GatehouseError(
    "usage_invalid",
    `${text ?? ""} is not the index of an entry; those are 0, 1, 2, ….`,
  );
}
