import { type OpenRun, runEnvironment, socketEnvironment } from "#agent";
import { GatehouseError } from "#lib/errors";
import { reachesPort } from "./loopback.ts";
import type { Settings } from "./settings.ts";

/** How a command's calls reach the gateway: through the helper's proxy, or by themselves with tokens from its socket. */
export interface WayOptions {
  readonly socket?: boolean | undefined;
  readonly universe?: boolean | undefined;
}

/**
 * The environment of a command in this run. Where nobody chose, the proxy is taken, unless this shell cannot reach it:
 * some agents' sandboxes forbid loopback TCP and put a proxy of their own before everything.
 */
export async function environmentOf(
  run: OpenRun,
  { socket, universe }: WayOptions,
  { terminal }: Settings,
): Promise<NodeJS.ProcessEnv> {
  const { places } = run;
  const { bySocket } = places;
  const isChosen = socket === true || universe === true;
  const isNeeded = !isChosen && !(await reachesPort(places.proxyPort));
  if (!isChosen && !isNeeded) return runEnvironment(terminal.environment, places);
  if (bySocket === undefined) {
    if (isNeeded) return runEnvironment(terminal.environment, places);
    throw new GatehouseError(
      "usage_invalid",
      "There are no Unix sockets on this system: leave --socket out.",
    );
  }
  const domain = bySocket.variables["GOOGLE_CLOUD_UNIVERSE_DOMAIN"];
  if (universe === true && domain === undefined) {
    throw new GatehouseError(
      "usage_invalid",
      "The server has no universe domain: its operator configures `universe`. Leave --universe out.",
    );
  }
  if (isNeeded) {
    const where =
      domain === undefined ? "the gateway's own address, for the APIs it has overrides of" : `*.${domain}`;
    terminal.err(
      `gatehouse: this shell cannot reach loopback TCP: it is in a sandbox. Tokens come over a Unix socket, calls go to ${where}.`,
    );
  }
  return socketEnvironment(terminal.environment, { ...places, bySocket });
}
