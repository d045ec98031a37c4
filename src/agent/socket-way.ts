import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ServerInfo } from "#api";
import { credentialFile, shellScript } from "./credential-file.ts";
import { directionOf } from "./direction.ts";

/** What a run offers to sandboxes that forbid loopback TCP. */
export interface SocketWay {
  /** The run's Unix socket. */
  readonly socket: string;
  /** An `external_account` file whose executable asks that socket. */
  readonly credentials: string;
  /** Variables that lead clients to the gateway itself. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface SocketWayParts {
  readonly info: ServerInfo;
  readonly folder: string;
  /** How `gatehouse` is started here: program and arguments. */
  readonly gatehouse: readonly string[];
}

/** Writes the files of the way by socket. None of them holds a secret; the socket is opened elsewhere. */
export function prepareSocketWay({ info, folder, gatehouse }: SocketWayParts): SocketWay {
  const socket = join(folder, "helper.sock");
  const script = join(folder, "token");
  const credentials = join(folder, "credentials.json");
  const { variables, universeDomain } = directionOf(info);
  // Through sh, so that a temporary folder mounted noexec will do.
  const source = { kind: "executable", command: `/bin/sh ${script}` } as const;
  writeFileSync(script, shellScript([...gatehouse, "token", "--socket", socket]), { mode: 0o600 });
  writeFileSync(credentials, credentialFile({ controlUrl: info.controlUrl, universeDomain, source }), {
    mode: 0o600,
  });
  return { socket, credentials, variables };
}
