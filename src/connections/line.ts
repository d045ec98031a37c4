import type { Clock } from "#lib/clock";
import { createEgress, type Egress, type EgressFences } from "#lib/egress";
import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import { Secret } from "#lib/secret";
import type { Connection, UpstreamCredential, UpstreamIdentity } from "./connection.ts";
import { connectionVersion } from "./connection-version.ts";
import { credentialProblem } from "./credential-problem.ts";
import type { IssuedCredentials } from "./issued-credentials.ts";
import { KeyInUse } from "./key-in-use.ts";
import type { ConnectionChange } from "./registry.ts";
import { TokenCache } from "./token-cache.ts";
import {
  defaultSource,
  type IssuedToken,
  impersonationSource,
  keySource,
  type TokenSource,
} from "./token-source.ts";

interface Surroundings {
  readonly clock: Clock;
  readonly issued: IssuedCredentials;
  readonly closing: AbortSignal;
}

/** A connection at work: its sockets to token servers, its key if it has one, and its token. */
export class Line {
  readonly connection: Connection;
  readonly #surroundings: Surroundings;
  readonly #egress: Egress;
  readonly #key: KeyInUse | undefined;
  #cache: TokenCache;
  /** Asked for twice in each call, and changes with the key's account alone. */
  #version: { readonly account: string | undefined; readonly digest: string } | undefined;

  /** Throws `key_file_invalid`. */
  constructor(connection: Connection, surroundings: Surroundings) {
    const path = keyPath(connection.identity);
    this.connection = connection;
    this.#surroundings = surroundings;
    this.#key = path === undefined ? undefined : new KeyInUse(path, connection.endpoint);
    this.#egress = createEgress(egressFences(connection));
    this.#cache = this.#openCache();
  }

  /** Looks at the key file. A new key gets a new cache: who waits on the old one still gets the old key's token. */
  check(): ConnectionChange | undefined {
    const change = this.#key?.check();
    if (change === undefined) return undefined;
    if (change.newKeyId !== undefined) this.#cache = this.#openCache();
    return { connection: this.connection.name, ...change };
  }

  async credential(): Promise<UpstreamCredential> {
    if (this.connection.identity.kind === "none") return { authorization: undefined };
    // Even where the token is at hand: a key whose file is gone or broken opens nothing any more.
    this.#key?.mustBeSound();
    const token = await this.#cache.token();
    return { authorization: new Secret(`Bearer ${token.reveal()}`) };
  }

  /** Of the key as it was last looked at. */
  version(): string {
    const account = this.#key?.account;
    if (this.#version?.account !== account || this.#version === undefined)
      this.#version = { account, digest: connectionVersion(this.connection, account) };
    return this.#version.digest;
  }

  close(): Promise<void> {
    return this.#egress.close();
  }

  /** Of a connection that is no longer configured: who waits for its token still gets it. */
  finish(): Promise<void> {
    return this.#egress.finish();
  }

  #openCache(): TokenCache {
    const { clock, issued, closing } = this.#surroundings;
    const source = this.#source(this.connection.identity);
    const fetch = async (): Promise<IssuedToken> => {
      const signal = AbortSignal.any([closing, AbortSignal.timeout(limits.tokenTimeoutMs)]);
      try {
        return await unlessAborted(
          source.fetch(signal, (each) => issued.add(each)),
          signal,
        );
      } catch (error) {
        throw credentialProblem(this.connection.name, error);
      }
    };
    return new TokenCache(fetch, clock);
  }

  #source(identity: UpstreamIdentity): TokenSource {
    switch (identity.kind) {
      case "application_default":
        return defaultSource(identity.scopes);
      case "key_file":
        if (this.#key === undefined)
          throw new GatehouseError("assertion_failed", "a key file was not opened");
        return keySource(this.#key.key, identity.scopes, this.#egress);
      case "impersonation": {
        const { target: email, scopes, source } = identity;
        const target = { email, scopes, endpoint: this.connection.endpoint };
        return impersonationSource(this.#source(source), target, this.#egress);
      }
      case "none":
        return nothing;
    }
  }
}

const nothing: TokenSource = {
  fetch: () => Promise.reject(new GatehouseError("credential_unavailable", "it has no identity")),
};

/** The key file an identity rests on. */
function keyPath(identity: UpstreamIdentity): string | undefined {
  if (identity.kind === "key_file") return identity.path;
  return identity.kind === "impersonation" ? keyPath(identity.source) : undefined;
}

/** What may be dialled for a connection: Google, or the endpoint the operator gave it instead. */
export function egressFences({ endpoint }: Connection): EgressFences {
  if (endpoint === undefined) return { allowLoopback: false };
  return { allowLoopback: true, allowHosts: [endpoint.hostname.replace(/^\[(.*)\]$/, "$1")] };
}

/** Rejects when the time is up even if the library does not listen to the signal. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const give = (): void => reject(new GatehouseError("credential_unavailable", "no answer in time"));
  signal.addEventListener("abort", give, { once: true });
  if (signal.aborted) give();
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", give);
  }
}
