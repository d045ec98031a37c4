import type { Clock } from "#lib/clock";
import type { IntrospectionSettings } from "./introspection/introspection.ts";
import type { IssuerTokens } from "./issuers.ts";
import type { SignatureAlgorithm } from "./key-set.ts";
import { judgePerson, type PersonRules } from "./person-claims.ts";
import type { KeySource, ProviderKeys } from "./provider-keys.ts";
import { proveClaims } from "./signed-claims.ts";
import type { ReadClientSecret } from "./web-client.ts";

/** One identity provider of people, as configured. */
export interface IssuerSettings extends PersonRules {
  /** Short name of ours; part of our addresses. */
  readonly id: string;
  readonly algorithms: readonly SignatureAlgorithm[];
  readonly keySource: KeySource;
  readonly introspection: IntrospectionSettings | undefined;
  /** Of the browser sign-in's client, which is a public one without. */
  readonly webClientSecret: ReadClientSecret | undefined;
}

export interface IdentityTokensParts {
  readonly settings: IssuerSettings;
  readonly keys: Pick<ProviderKeys, "find">;
  readonly clock: Clock;
}

/** The ID tokens of one identity provider's people. */
export function identityTokens({ settings, keys, clock }: IdentityTokensParts): IssuerTokens {
  const { issuer, algorithms } = settings;
  return {
    knows: (claimed) => claimed === issuer,
    concerns: ({ iss }) => iss === issuer,
    verify: async (token, clients) => {
      const signed = await proveClaims(token, { issuer, algorithms, keys, clock });
      return signed.kind === "refused"
        ? signed
        : judgePerson(signed.claims, settings, { clients, now: clock.now() });
    },
  };
}
