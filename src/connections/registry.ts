import type { Caller } from "#identity";
import type { Secret } from "#lib/secret";
import type { Connection, ConnectionChoice, UpstreamCredential } from "./connection.ts";

export interface ConnectionRegistry {
  /** The one connection this caller uses for this service and project; ambiguity is refused. */
  choose(
    caller: Caller,
    wanted: { readonly service: string; readonly project: string | undefined },
  ): ConnectionChoice;
  find(name: string): Connection | undefined;
  /**
   * What the connection of this name is now, as a digest: it changes with whatever is configured of it and with the account of
   * its key. Looks at the key file. `undefined` when none of that name is configured.
   */
  versionOf(name: string): string | undefined;
  /** A fresh token: cached, refreshed early. Rejects with a GatehouseError when Google will not give one. */
  credential(connection: Connection): Promise<UpstreamCredential>;
  /** Every credential handed out lately, to be cut out of answers. */
  ownCredentials(): readonly Secret[];
}

/** A key file was replaced. Key ids are Google's and public; the keys themselves are never told. */
export interface ConnectionChange {
  readonly connection: string;
  readonly oldKeyId: string | undefined;
  /** `undefined` when the new file cannot be used: then calls are refused until it can. */
  readonly newKeyId: string | undefined;
  readonly problem: string | undefined;
}

export interface OpenedConnections extends ConnectionRegistry {
  /** Told before the first call uses the new key. Must not throw. */
  onChange(listener: (change: ConnectionChange) => void): void;
  /**
   * Reads what other connections need, and changes nothing until `commit`. A connection that stays as it was keeps its
   * token. Throws `key_file_invalid`.
   */
  prepare(connections: readonly Connection[]): { commit(): void };
  /** Breaks off what is being fetched; calls are refused from then on. */
  close(): Promise<void>;
}
