import { isDeepStrictEqual } from "node:util";
import type { Clock } from "#lib/clock";
import { GatehouseError } from "#lib/errors";
import { chooseConnection } from "./choose.ts";
import type { Connection } from "./connection.ts";
import { IssuedCredentials } from "./issued-credentials.ts";
import { Line } from "./line.ts";
import type { ConnectionChange, OpenedConnections } from "./registry.ts";

type Lines = ReadonlyMap<string, Line>;

/**
 * Opens the configured connections. Key files are read at once, so that a broken one stops the start; tokens are
 * fetched when the first call needs one. Throws `key_file_invalid`. Names of connections must differ.
 */
export function openConnections(options: {
  readonly connections: readonly Connection[];
  readonly clock: Clock;
}): OpenedConnections {
  const { clock } = options;
  const issued = new IssuedCredentials(clock);
  const closing = new AbortController();
  const listeners = new Set<(change: ConnectionChange) => void>();
  /** Lines that are at work for a connection of the very same words are taken over. */
  const linesFor = (connections: readonly Connection[], atWork: Lines): Lines =>
    new Map(
      connections.map((each) => {
        const known = atWork.get(each.name);
        const isKept = known !== undefined && isSame(known.connection, each);
        return [each.name, isKept ? known : new Line(each, { clock, issued, closing: closing.signal })];
      }),
    );
  // Owned here: replaced as a whole, so that a call sees the old connections or the new ones.
  let lines = linesFor(options.connections, new Map());
  const configured = (): Connection[] => [...lines.values()].map(({ connection }) => connection);
  const look = (line: Line): void => {
    const change = line.check();
    if (change !== undefined) for (const listener of listeners) listener(change);
  };
  return {
    choose: (caller, wanted) => chooseConnection(configured(), caller, wanted),
    find: (name) => lines.get(name)?.connection,
    versionOf: (name) => {
      const line = lines.get(name);
      if (line !== undefined) look(line);
      return line?.version();
    },
    async credential(connection) {
      const line = lines.get(connection.name);
      // A credential goes where its own connection leads: never that of a new one to the old one's endpoint.
      if (line === undefined || !isSame(line.connection, connection)) {
        throw new GatehouseError("connection_unknown", `There is no connection ${connection.name}.`);
      }
      if (closing.signal.aborted) throw new GatehouseError("connection_closed", "Gatehouse is stopping.");
      look(line);
      return line.credential();
    },
    ownCredentials: () => issued.list(),
    onChange: (listener) => {
      listeners.add(listener);
    },
    prepare: (connections) => {
      const next = linesFor(connections, lines);
      return {
        commit: () => {
          const kept = new Set(next.values());
          const gone = [...lines.values()].filter((line) => !kept.has(line));
          lines = next;
          for (const line of gone) line.finish().catch(() => undefined);
        },
      };
    },
    async close() {
      closing.abort();
      await Promise.all([...lines.values()].map((line) => line.close()));
    },
  };
}

function isSame(one: Connection, other: Connection): boolean {
  return one === other || isDeepStrictEqual(one, other);
}
