import type { Clock } from "#lib/clock";
import { createEgress } from "#lib/egress";
import type { Connection, UpstreamIdentity } from "./connection.ts";
import { egressFences } from "./line.ts";
import { openConnections } from "./open-connections.ts";
import { guardedFetch, type Route } from "./token-transport.ts";

/** An API of Google's that Gatehouse itself uses, with an identity of its own and behind the egress guard. */
export interface GoogleApi {
  /** `url` as Google documents it. Rejects when no credential or no answer is to be had. */
  post(
    url: string,
    json: object,
    signal: AbortSignal,
  ): Promise<{ readonly status: number; readonly body: unknown }>;
  close(): Promise<void>;
}

/** `endpoint`: where requests go instead. Throws `key_file_invalid`. */
export function openGoogleApi(
  name: string,
  { identity, endpoint }: { readonly identity: UpstreamIdentity; readonly endpoint: URL | undefined },
  clock: Clock,
): GoogleApi {
  const all = { hosts: ["*"], projects: ["*"], groups: ["*"], quotaProject: undefined };
  const connection: Connection = { name, identity, endpoint, ...all };
  const connections = openConnections({ connections: [connection], clock });
  const egress = createEgress(egressFences(connection));
  const route: Route = (url) =>
    endpoint === undefined
      ? { url, host: undefined }
      : { url: new URL(url.pathname + url.search, endpoint), host: url.host };
  return {
    async post(url, json, signal) {
      const { authorization } = await connections.credential(connection);
      const answer = await guardedFetch(
        egress,
        route,
        signal,
      )(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(authorization === undefined ? {} : { authorization: authorization.reveal() }),
        },
        body: JSON.stringify(json),
      });
      const body: unknown = await answer.json().catch(() => undefined);
      return { status: answer.status, body };
    },
    close: async () => {
      await Promise.all([connections.close(), egress.close()]);
    },
  };
}
