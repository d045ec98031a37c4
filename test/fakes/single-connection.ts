import type { Connection, ConnectionChoice, ConnectionRegistry } from "#connections";
import { Secret } from "#lib/secret";

export interface SingleConnection extends ConnectionRegistry {
  readonly connection: Connection;
  /** The next call gets this credential, as after a rotation; `undefined` makes getting one fail. */
  rotate(token: string | undefined): void;
  /** From now on the connection is another one under the same name. */
  redefine(): void;
  /** What `choose` answers instead. */
  refuseWith(choice: ConnectionChoice | undefined): void;
}

/** One connection to one upstream, with one credential. */
export function singleConnection(endpoint: string, token: string): SingleConnection {
  let current: string | undefined = token;
  let version = 1;
  let instead: ConnectionChoice | undefined;
  const handedOut: Secret[] = [];
  const connection: Connection = {
    name: "practice",
    identity: { kind: "application_default", scopes: [] },
    hosts: ["*"],
    projects: ["*"],
    groups: ["*"],
    endpoint: new URL(endpoint),
    quotaProject: undefined,
  };
  return {
    connection,
    rotate: (next) => {
      current = next;
    },
    redefine: () => {
      version += 1;
    },
    versionOf: (name) => (name === connection.name ? `${name} ${version}` : undefined),
    refuseWith: (choice) => {
      instead = choice;
    },
    choose: () => instead ?? { kind: "chosen", connection },
    find: (name) => (name === connection.name ? connection : undefined),
    credential: async () => {
      if (current === undefined) throw new Error("the key file is gone");
      const authorization = new Secret(`Bearer ${current}`);
      handedOut.push(authorization);
      return { authorization };
    },
    ownCredentials: () => handedOut,
  };
}
