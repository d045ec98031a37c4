import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Configuration } from "#config";

type Identity = Configuration["identity"];
type Provider = Identity["issuers"][number] | Identity["saml"][number];

/** What can change while the server runs. */
export const liveSections = [
  "identity.roles",
  "identity.trust",
  "identity.providers",
  "connections",
  "protected",
  "policies",
  "masking",
] as const;
export type LiveSection = (typeof liveSections)[number];

/** What a changed file means for a running server. */
export interface ConfigurationChange {
  /** In force from now on: what can change is the file's, the rest is as it was. */
  readonly effective: Configuration;
  readonly changed: readonly LiveSection[];
  /** Sections of the file that differ from what is in force, and will until a restart. A section nobody thought of is among them. */
  readonly needsRestart: readonly string[];
}

export function changeOf(inForce: Configuration, written: Configuration): ConfigurationChange {
  const effective = withLiveSections(inForce, written);
  const differs = (section: LiveSection): boolean =>
    section === "identity.trust"
      ? isBelievedOtherwise(inForce, effective)
      : !isDeepStrictEqual(sectionOf(section, inForce), sectionOf(section, effective));
  return {
    effective,
    changed: liveSections.filter(differs),
    needsRestart: differences(effective, written),
  };
}

/** What was let in by something that is gone or is another one now. */
export interface Endings {
  /** Providers, by issuer. */
  readonly issuers: readonly {
    readonly issuer: string;
    readonly cause: "provider_changed" | "trust_changed";
  }[];
  /** Machine identities, by name. */
  readonly machines: readonly string[];
}

/** Whose sign-ins and sessions end with a change: nothing of what is new, or stays word for word. */
export function endingsOf(before: Configuration, after: Configuration): Endings {
  const changed = providersOf(before).filter(
    (each) => !isDeepStrictEqual(each, providerIn(after, each.issuer)),
  );
  const machines = before.identity.machines.filter((each) => !after.identity.machines.some(isEqualTo(each)));
  return {
    issuers: changed.map(({ issuer }) => ({ issuer, cause: causeOf(issuer, before, after) })),
    machines: machines.map(({ name }) => name),
  };
}

function causeOf(
  issuer: string,
  before: Configuration,
  after: Configuration,
): "provider_changed" | "trust_changed" {
  const [one, other] = [providerIn(before, issuer), providerIn(after, issuer)];
  const isTrustAlone = isDeepStrictEqual(one && withoutTrustOf(one), other && withoutTrustOf(other));
  return isTrustAlone ? "trust_changed" : "provider_changed";
}

function isEqualTo(one: unknown): (other: unknown) => boolean {
  return (other) => isDeepStrictEqual(one, other);
}

function withoutTrust({ issuers, saml, machines }: Identity): unknown {
  return { issuers: issuers.map(withoutTrustOf), saml: saml.map(withoutTrustOf), machines };
}

function withoutTrustOf({ groups: _, email_domains: __, ...rest }: Provider): unknown {
  return rest;
}

function providerIn(configuration: Configuration, issuer: string): Provider | undefined {
  return providersOf(configuration).find((each) => each.issuer === issuer);
}

/** SHA-256, hex, of a configuration with its defaults filled in; the file holds no secrets, so neither does this. */
export function configurationDigest(configuration: Configuration): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(configuration)))
    .digest("hex");
}

function sectionOf(section: Exclude<LiveSection, "identity.trust">, configuration: Configuration): unknown {
  switch (section) {
    case "identity.roles":
      return configuration.identity.roles;
    case "identity.providers":
      return withoutTrust(configuration.identity);
    case "connections":
    case "protected":
    case "policies":
    case "masking":
      return configuration[section];
  }
}

/** Of providers that come or go nothing is believed otherwise: they are not there. */
function isBelievedOtherwise(before: Configuration, after: Configuration): boolean {
  return providersOf(after).some(
    (each) =>
      providerIn(before, each.issuer) !== undefined &&
      !isDeepStrictEqual(trustIn(before, each.issuer), trustIn(after, each.issuer)),
  );
}

function withLiveSections(inForce: Configuration, written: Configuration): Configuration {
  const { connections, policies, masking } = written;
  const { roles, issuers, saml, machines } = written.identity;
  return {
    ...inForce,
    ...{ connections, policies, masking, protected: written.protected },
    // By name: a key that nobody thought of stays as it was until the restart that is asked for.
    identity: { ...inForce.identity, roles, issuers, saml, machines },
  };
}

function providersOf({ identity }: Configuration): readonly Provider[] {
  return [...identity.issuers, ...identity.saml];
}

function trustIn(configuration: Configuration, issuer: string): unknown {
  const found = providerIn(configuration, issuer);
  return { groups: found?.groups, domains: found?.email_domains };
}

/** By key of the file; of `identity` by the keys in it. Absent and `undefined` are the same. */
function differences(inForce: Configuration, written: Configuration): string[] {
  const { identity: ours, ...rest } = inForce;
  const { identity: theirs, ...others } = written;
  return [...unequalKeys(rest, others), ...unequalKeys(ours, theirs).map((key) => `identity.${key}`)];
}

function unequalKeys(one: object, other: object): string[] {
  const [left, right] = [new Map(Object.entries(one)), new Map(Object.entries(other))];
  const keys = [...new Set([...left.keys(), ...right.keys()])];
  const text = (value: unknown): string => JSON.stringify([sorted(value)]);
  return keys.filter((key) => text(left.get(key)) !== text(right.get(key)));
}

/** The order in which keys were written says nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries: [string, unknown][] = Object.entries(value);
  return Object.fromEntries(
    entries.sort(([one], [other]) => (one < other ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]),
  );
}
