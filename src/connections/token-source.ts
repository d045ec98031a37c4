import { type AuthClient, GoogleAuth, JWT } from "google-auth-library";
import { z } from "zod";
import { type Clock, systemClock } from "#lib/clock";
import type { Egress } from "#lib/egress";
import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import { Secret } from "#lib/secret";
import type { ServiceAccountKey } from "./service-account-key.ts";
import { guardedFetch, type Route } from "./token-transport.ts";

/** A credential as Google gave it. */
export interface IssuedToken {
  readonly token: Secret;
  readonly lifeMs: number;
}

/** Fetches a new token. `note` hears of every credential that passes, those used on the way included. */
export interface TokenSource {
  fetch(signal: AbortSignal, note: (issued: IssuedToken) => void): Promise<IssuedToken>;
}

/** The life of a token is told by the library in wall time; ours is counted from here on in monotonic time. */
const wallClock: Clock = systemClock;

/** A service account by its key: an assertion signed here against a token (RFC 7523 section 2.1). */
export function keySource(key: ServiceAccountKey, scopes: readonly string[], egress: Egress): TokenSource {
  return {
    async fetch(signal, note) {
      const issued = await issuedBy(keyClient(key, scopes, { egress, signal }));
      note(issued);
      return issued;
    },
  };
}

function keyClient(
  key: ServiceAccountKey,
  scopes: readonly string[],
  at: { egress: Egress; signal: AbortSignal },
): JWT {
  const { tokenUrl } = key;
  const route: Route = (url) => ({ url: tokenUrl ?? url, host: undefined });
  return new JWT({
    email: key.email,
    key: key.privateKey.reveal(),
    keyId: key.id,
    scopes: [...scopes],
    ...(tokenUrl === undefined ? {} : { additionalClaims: { aud: tokenUrl.href } }),
    transporterOptions: { fetchImplementation: guardedFetch(at.egress, route, at.signal) },
  });
}

/**
 * Whatever the machine is: attached service account, workload identity, a file the environment names. The library
 * finds it by itself and dials the metadata server, which our own guard rightly refuses to anybody else.
 */
export function defaultSource(scopes: readonly string[]): TokenSource {
  // Any project will do: without one the library asks Google for it before every first token, and we never use it.
  const auth = new GoogleAuth({ scopes: [...scopes], projectId: "unused" });
  return {
    async fetch(_signal, note) {
      const issued = await issuedBy(await auth.getClient());
      note(issued);
      return issued;
    },
  };
}

const impersonationAnswer = z.object({
  accessToken: z.string(),
  expireTime: z.iso.datetime({ offset: true }),
});

/** Another service account, with the source's permission to act as it (IAM Credentials, `generateAccessToken`). */
export function impersonationSource(
  source: TokenSource,
  target: { readonly email: string; readonly scopes: readonly string[]; readonly endpoint: URL | undefined },
  egress: Egress,
): TokenSource {
  return {
    async fetch(signal, note) {
      const { token } = await source.fetch(signal, note);
      const dial = guardedFetch(egress, routeTo(target.endpoint), signal);
      const url = `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${encodeURIComponent(target.email)}:generateAccessToken`;
      const answer = await dial(url, {
        method: "POST",
        headers: { authorization: `Bearer ${token.reveal()}`, "content-type": "application/json" },
        body: JSON.stringify({ scope: target.scopes, lifetime: "3600s" }),
      });
      if (!answer.ok) {
        throw new GatehouseError(
          "credential_unavailable",
          `impersonation was answered with ${answer.status}`,
        );
      }
      const parsed = impersonationAnswer.safeParse(await answer.json());
      if (!parsed.success) throw new GatehouseError("credential_unavailable", "the answer holds no token");
      const issued = checked(parsed.data.accessToken, Date.parse(parsed.data.expireTime));
      note(issued);
      return issued;
    },
  };
}

/** A connection with an endpoint of its own finds all of Google's hosts there, each under its name. */
function routeTo(endpoint: URL | undefined): Route {
  return (url) =>
    endpoint === undefined
      ? { url, host: undefined }
      : { url: new URL(url.pathname + url.search, endpoint), host: url.host };
}

async function issuedBy(client: AuthClient): Promise<IssuedToken> {
  const { token } = await client.getAccessToken();
  return checked(token ?? "", client.credentials.expiry_date ?? 0);
}

/** A token goes into a header: anything but visible ASCII would be another header. */
function checked(token: string, expiresAtMs: number): IssuedToken {
  if (!/^[\x21-\x7e]+$/.test(token) || token.length > limits.tokenBytesMax) {
    throw new GatehouseError("credential_unavailable", "the answer holds no usable token");
  }
  const lifeMs = Math.min(expiresAtMs - wallClock.now().getTime(), limits.sessionLifeMsMax);
  if (!(lifeMs > 0)) throw new GatehouseError("credential_unavailable", "the token is already over");
  return { token: new Secret(token), lifeMs };
}
