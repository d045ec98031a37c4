import type { CryptoKey } from "jose";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import type { Clock } from "#lib/clock";
import { GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import type { TokenHeader } from "./compact-token.ts";
import { type KeySet, parseKeySet, type SignatureAlgorithm } from "./key-set.ts";

/** Fetches one JSON document, guarded; rejects when it cannot. `main.ts` fills it with `fetchJsonGuarded`. */
export type FetchJson = (
  url: URL,
  caps: { readonly bytesMax: number; readonly timeoutMs: number },
) => Promise<unknown>;

/** Where the key set is: named by the issuer's discovery document, or by the operator. */
export type KeySource =
  | { readonly kind: "discovery" }
  | { readonly kind: "address"; readonly url: string }
  /** A document the operator keeps up to date, read anew each time; throws when it cannot be. */
  | { readonly kind: "document"; readonly name: string; readonly read: () => unknown };

export interface ProviderKeysParts {
  /** As in the tokens, byte for byte. */
  readonly issuer: string;
  readonly keySource: KeySource;
  readonly algorithms: readonly SignatureAlgorithm[];
  readonly fetchJson: FetchJson;
  readonly clock: Clock;
}

export type KeyFinding =
  | { readonly kind: "key"; readonly key: CryptoKey }
  | { readonly kind: "unknown"; readonly detail: string }
  | { readonly kind: "provider_unavailable"; readonly detail: string };

const discoveryShape = z.looseObject({ issuer: z.string(), jwks_uri: z.url() });

interface Held {
  readonly keys: KeySet;
  readonly fetchedAtMs: number;
}

/**
 * The keys of one identity provider, found by discovery. Fetched at most once in 30 seconds whoever asks; when the
 * provider is down the last good ones serve for an hour, then nobody is believed.
 */
export class ProviderKeys {
  readonly #parts: ProviderKeysParts;
  readonly #unknownIds: LRUCache<string, number>;
  #held: Held | undefined;
  #attemptedAtMs = Number.NEGATIVE_INFINITY;
  #failure: string | undefined;
  #fetching: Promise<void> | undefined;

  constructor(parts: ProviderKeysParts) {
    this.#parts = parts;
    this.#unknownIds = new LRUCache({ max: limits.unknownKeyIdsMax });
  }

  async find(header: Pick<TokenHeader, "alg" | "kid">): Promise<KeyFinding> {
    if (this.#ageMs() > limits.providerKeysFreshMs) await this.#fetchUnlessJustDone();
    const isUnknown = (): boolean =>
      header.kid !== undefined && this.#usable()?.hasKeyId(header.kid) === false;
    let wasAsked = false;
    if (isUnknown() && !this.#wasJustUnknown(header.kid)) wasAsked = await this.#fetchUnlessJustDone();
    const keys = this.#usable();
    if (keys === undefined) return this.#unavailable();
    if (isUnknown()) {
      // The provider may have rotated and cannot be asked: that is not the token's fault.
      if (this.#failure !== undefined) return this.#unavailable();
      // Only the provider's own word counts: a key that came in during the pause must be found right after it.
      if (wasAsked) this.#remember(header.kid);
    }
    const key = keys.keyFor(header);
    return key === undefined ? { kind: "unknown", detail: "no key fits the header" } : { kind: "key", key };
  }

  #unavailable(): KeyFinding {
    return { kind: "provider_unavailable", detail: this.#failure ?? "no keys" };
  }

  #ageMs(): number {
    const fetchedAtMs = this.#held?.fetchedAtMs ?? Number.NEGATIVE_INFINITY;
    return this.#parts.clock.monotonicMs() - fetchedAtMs;
  }

  #usable(): KeySet | undefined {
    return this.#ageMs() <= limits.providerKeysStaleMs ? this.#held?.keys : undefined;
  }

  #remember(kid: string | undefined): void {
    this.#unknownIds.set(kid ?? "", this.#parts.clock.monotonicMs() + limits.unknownKeyIdMs);
  }

  #wasJustUnknown(kid: string | undefined): boolean {
    return (this.#unknownIds.get(kid ?? "") ?? Number.NEGATIVE_INFINITY) > this.#parts.clock.monotonicMs();
  }

  /** Single flight, and a pause after each attempt, failed ones included. Answers whether the provider was asked. */
  async #fetchUnlessJustDone(): Promise<boolean> {
    if (this.#fetching === undefined) {
      const now = this.#parts.clock.monotonicMs();
      if (now - this.#attemptedAtMs < limits.providerKeysPauseMs) return false;
      this.#attemptedAtMs = now;
      this.#fetching = this.#fetch().finally(() => {
        this.#fetching = undefined;
      });
    }
    await this.#fetching;
    return true;
  }

  async #fetch(): Promise<void> {
    try {
      const keys = await fetchKeys(this.#parts);
      this.#held = { keys, fetchedAtMs: this.#parts.clock.monotonicMs() };
      this.#failure = undefined;
    } catch (error) {
      this.#failure = messageOf(error);
    }
  }
}

async function fetchKeys(parts: ProviderKeysParts): Promise<KeySet> {
  const { issuer, algorithms } = parts;
  const parsed = await parseKeySet(await fetchKeySet(parts), algorithms);
  if (parsed.kind === "refused") throw unusable(`the key set of ${issuer} is refused: ${parsed.detail}`);
  return parsed.keys;
}

async function fetchKeySet(parts: ProviderKeysParts): Promise<unknown> {
  const { keySource, fetchJson } = parts;
  if (keySource.kind === "document") return keySource.read();
  const address = keySource.kind === "address" ? keySource.url : await discoverKeySet(parts);
  return fetchJson(new URL(address), {
    bytesMax: limits.jwksBytesMax,
    timeoutMs: limits.providerTimeoutMs,
  });
}

async function discoverKeySet({ issuer, fetchJson }: ProviderKeysParts): Promise<string> {
  const discovered = discoveryShape.safeParse(
    await fetchJson(discoveryUrl(issuer), {
      bytesMax: limits.discoveryBytesMax,
      timeoutMs: limits.providerTimeoutMs,
    }),
  );
  if (!discovered.success) throw unusable(`the discovery document of ${issuer} is not one`);
  // A provider tricked into answering for another issuer would let that one's keys sign for this one
  // (OpenID Connect Discovery section 4.3).
  if (discovered.data.issuer !== issuer)
    throw unusable(`the discovery document of ${issuer} names another issuer`);
  // Keys that anybody on the way could exchange would make its https worth nothing.
  const { jwks_uri: address } = discovered.data;
  if (new URL(address).protocol !== new URL(issuer).protocol)
    throw unusable(`the discovery document of ${issuer} names keys in clear`);
  return address;
}

/** OpenID Connect Discovery section 4.1: a terminating slash goes before the well-known path is added. */
function discoveryUrl(issuer: string): URL {
  return new URL(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
}

function unusable(message: string): GatehouseError {
  return new GatehouseError("provider_unusable", message);
}
