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
  /** A fresh token: cached, refreshed early. Rejects with a GatehouseError when Google will not give one. */
  credential(connection: Connection): Promise<UpstreamCredential>;
  /** Every credential handed out lately, to be cut out of answers. */
  ownCredentials(): readonly Secret[];
}
