import { askConsistency, LogPins, type LogWatch, openLogWatch } from "#agent";
import { systemTimer } from "#lib/timer";
import { pinFolder } from "./login-file.ts";
import type { Server } from "./server.ts";
import type { Terminal } from "./terminal.ts";

/** Compares a server's log with what this user's runs have seen of it, whenever a token is fetched. */
export function watchLog({ url, info }: Server, terminal: Terminal): LogWatch {
  return openLogWatch({
    server: new URL(url).origin,
    verifierKey: info.log.verifierKey,
    pins: new LogPins(pinFolder(terminal.environment)),
    ask: askConsistency(url),
    clock: terminal.clock,
    timer: systemTimer,
    notice: (sentence) => terminal.err(`gatehouse: ${sentence}`),
  });
}
