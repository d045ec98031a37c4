import { LRUCache } from "lru-cache";
import * as oidc from "openid-client";
import type { Clock } from "#lib/clock";
import { limits } from "#lib/limits";
import type { Claims } from "../claim-path.ts";
import { tokenDigest } from "../compact-token.ts";
import type { ProviderFetch } from "../guarded-fetch.ts";
import { libraryFetch, libraryReason } from "../oidc-library.ts";
import { objectionToAnswer } from "./answer-rules.ts";
import type { IntrospectionSettings } from "./introspection.ts";

/** What the issuer says of one token. `detail` is for our log only. */
export type IntrospectionAnswer =
  /** Its claims, within bounds, and how long that may be believed. */
  | { readonly kind: "active"; readonly claims: Claims; readonly believedForMs: number }
  | { readonly kind: "inactive"; readonly detail: string }
  | { readonly kind: "provider_unavailable"; readonly detail: string };

export interface Introspector {
  /** `isSigned`: whether its signature was checked and holds, so that no stranger made it up. */
  ask(token: string, proof?: { readonly isSigned: boolean }): Promise<IntrospectionAnswer>;
}

export interface IntrospectorParts {
  readonly issuer: string;
  readonly settings: IntrospectionSettings;
  readonly fetch: ProviderFetch;
  readonly clock: Clock;
}

export function openIntrospector(parts: IntrospectorParts): Introspector {
  return new RememberingIntrospector(parts);
}

interface Living {
  readonly claims: Claims;
  readonly untilMs: number;
}

/**
 * Asks once for each token in half a minute, whoever asks and however often, and never more than some at once. Anybody can
 * have made-up tokens asked about: they get a share of the questions, and what is known asks on beside them.
 */
class RememberingIntrospector implements Introspector {
  readonly #parts: IntrospectorParts;
  /** By digest: what this process remembers must open no door. */
  readonly #living = new LRUCache<string, Living>({ max: limits.introspectionCacheMax });
  readonly #dead = new LRUCache<string, { readonly detail: string; readonly untilMs: number }>({
    max: limits.introspectionCacheMax,
  });
  readonly #asking = new Map<string, Promise<IntrospectionAnswer>>();
  /** Of those, how many are about tokens that nothing speaks for yet. */
  #strangers = 0;

  constructor(parts: IntrospectorParts) {
    this.#parts = parts;
  }

  async ask(token: string, { isSigned } = { isSigned: false }): Promise<IntrospectionAnswer> {
    const digest = tokenDigest(token);
    const remembered = this.#remembered(digest);
    if (remembered !== undefined) return remembered;
    const underWay = this.#asking.get(digest);
    if (underWay !== undefined) return underWay;
    // What counted once stays there, past its time, until it is refused or others push it out.
    const isStranger = !isSigned && !this.#living.has(digest);
    if (!this.#hasRoom(isStranger))
      return { kind: "provider_unavailable", detail: "too many tokens are being asked about" };
    if (isStranger) this.#strangers += 1;
    const asking = this.#ask(token, digest).finally(() => {
      this.#asking.delete(digest);
      if (isStranger) this.#strangers -= 1;
    });
    this.#asking.set(digest, asking);
    return asking;
  }

  #hasRoom(isStranger: boolean): boolean {
    const { introspectionsAtOnceMax: strangersMax, knownIntrospectionsAtOnceMax: keptFree } = limits;
    return isStranger ? this.#strangers < strangersMax : this.#asking.size < strangersMax + keptFree;
  }

  #remembered(digest: string): IntrospectionAnswer | undefined {
    const nowMs = this.#parts.clock.monotonicMs();
    const living = this.#living.get(digest);
    if (living !== undefined && nowMs < living.untilMs)
      return { kind: "active", claims: living.claims, believedForMs: living.untilMs - nowMs };
    const dead = this.#dead.get(digest);
    return dead !== undefined && nowMs < dead.untilMs ? { kind: "inactive", detail: dead.detail } : undefined;
  }

  async #ask(token: string, digest: string): Promise<IntrospectionAnswer> {
    const { issuer, settings, clock } = this.#parts;
    // Counted from the question: what the issuer looked up while it took its time may be old already.
    const askedMs = clock.monotonicMs();
    let claims: Claims;
    try {
      claims = await fetchAnswer(token, this.#parts);
    } catch (error) {
      return { kind: "provider_unavailable", detail: libraryReason(error) };
    }
    const untilMs = askedMs + limits.introspectionCacheMs;
    const judged = objectionToAnswer(claims, { issuer, scope: settings.scope, now: clock.now() });
    if (judged.kind === "objection") {
      this.#living.delete(digest);
      this.#dead.set(digest, { detail: judged.objection, untilMs });
      return { kind: "inactive", detail: judged.objection };
    }
    const endMs = Math.min(untilMs, clock.monotonicMs() + judged.lifeMs);
    this.#living.set(digest, { claims, untilMs: endMs });
    return { kind: "active", claims, believedForMs: Math.max(0, endMs - clock.monotonicMs()) };
  }
}

/** The library authenticates (RFC 6749 section 2.3.1) and takes nothing but 200, JSON and a boolean `active`. */
async function fetchAnswer(token: string, { issuer, settings, fetch }: IntrospectorParts): Promise<Claims> {
  const { endpoint, clientId, clientSecret } = settings;
  const authentication = oidc.ClientSecretBasic(clientSecret().reveal());
  const server = { issuer, introspection_endpoint: endpoint };
  const configuration = new oidc.Configuration(server, clientId, undefined, authentication);
  configuration.timeout = limits.providerTimeoutMs / 1000;
  // RFC 9701 answers are signed and maybe encrypted; we ask for the plain form and take no other.
  configuration[oidc.customFetch] = libraryFetch(fetch, { accept: "application/json" });
  if (new URL(endpoint).protocol === "http:") oidc.allowInsecureRequests(configuration);
  return oidc.tokenIntrospection(configuration, token, { token_type_hint: "access_token" });
}
