import type { Clock } from "#lib/clock";
import { GatehouseError } from "#lib/errors";
import { chooseConnection } from "./choose.ts";
import type { Connection } from "./connection.ts";
import { IssuedCredentials } from "./issued-credentials.ts";
import { Line } from "./line.ts";
import type { ConnectionChange, OpenedConnections } from "./registry.ts";

/**
 * Opens the configured connections. Key files are read at once, so that a broken one stops the start; tokens are
 * fetched when the first call needs one. Throws `key_file_invalid`. Names of connections must differ.
 */
export function openConnections(options: {
  readonly connections: readonly Connection[];
  readonly clock: Clock;
}): OpenedConnections {
  const { connections, clock } = options;
  const issued = new IssuedCredentials(clock);
  const closing = new AbortController();
  const listeners = new Set<(change: ConnectionChange) => void>();
  const lines = new Map(
    connections.map((each) => [each.name, new Line(each, { clock, issued, closing: closing.signal })]),
  );
  return {
    choose: (caller, wanted) => chooseConnection(connections, caller, wanted),
    find: (name) => lines.get(name)?.connection,
    async credential({ name }) {
      const line = lines.get(name);
      if (line === undefined) {
        throw new GatehouseError("connection_unknown", `There is no connection ${name}.`);
      }
      if (closing.signal.aborted) throw new GatehouseError("connection_closed", "Gatehouse is stopping.");
      const change = line.check();
      if (change !== undefined) for (const listener of listeners) listener(change);
      return line.credential();
    },
    ownCredentials: () => issued.list(),
    onChange: (listener) => {
      listeners.add(listener);
    },
    async close() {
      closing.abort();
      await Promise.all([...lines.values()].map((line) => line.close()));
    },
  };
}
