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
  ask(token: string): Promise<IntrospectionAnswer>;
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

/** Asks once for each token in half a minute, whoever asks and however often, and never more than some at once. */
class RememberingIntrospector implements Introspector {
  readonly #parts: IntrospectorParts;
  /** By digest: what this process remembers must open no door. */
  readonly #living = new LRUCache<string, Living>({ max: limits.introspectionCacheMax });
  readonly #dead = new LRUCache<string, { readonly detail: string; readonly untilMs: number }>({
    max: limits.introspectionCacheMax,
  });
  readonly #asking = new Map<string, Promise<IntrospectionAnswer>>();

  constructor(parts: IntrospectorParts) {
    this.#parts = parts;
  }

  async ask(token: string): Promise<IntrospectionAnswer> {
    const digest = tokenDigest(token);
    const remembered = this.#remembered(digest);
    if (remembered !== undefined) return remembered;
    const underWay = this.#asking.get(digest);
    if (underWay !== undefined) return underWay;
    if (this.#asking.size >= limits.introspectionsAtOnceMax)
      return { kind: "provider_unavailable", detail: "too many tokens are being asked about" };
    const asking = this.#ask(token, digest).finally(() => this.#asking.delete(digest));
    this.#asking.set(digest, asking);
    return asking;
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
