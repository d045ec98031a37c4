import type { Clock } from "#lib/clock";
import { GatehouseError } from "#lib/errors";
import type { Secret } from "#lib/secret";
import type { Connection } from "./connection.ts";
import { openConnections } from "./open-connections.ts";

/** Who we are to Cloud Storage where our own archive is written or read. It never serves an agent's call. */
export type StorageIdentity =
  | { readonly kind: "application_default" }
  | { readonly kind: "key_file"; readonly path: string };

export interface StorageCredential {
  /** An `Authorization` value, cached and renewed early. */
  authorization(): Promise<Secret>;
  close(): Promise<void>;
}

/** `endpoint` where Cloud Storage is not Google's own. Throws `key_file_invalid`. */
export function openStorageCredential(
  identity: StorageIdentity,
  { mayWrite, endpoint, clock }: { mayWrite: boolean; endpoint: URL | undefined; clock: Clock },
): StorageCredential {
  const scope = mayWrite ? "devstorage.read_write" : "devstorage.read_only";
  const connection: Connection = {
    name: "archive",
    identity: { ...identity, scopes: [`https://www.googleapis.com/auth/${scope}`] },
    hosts: ["storage.googleapis.com"],
    projects: ["*"],
    groups: ["*"],
    endpoint,
    quotaProject: undefined,
  };
  const opened = openConnections({ connections: [connection], clock });
  return {
    async authorization() {
      const { authorization } = await opened.credential(connection);
      if (authorization !== undefined) return authorization;
      throw new GatehouseError("credential_unavailable", "the archive has no identity");
    },
    close: () => opened.close(),
  };
}
