import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Configuration } from "#config";

type Identity = Configuration["identity"];
type Provider = Identity["issuers"][number] | Identity["saml"][number];

/** What can change while the server runs. */
export const liveSections = [
  "identity.roles",
  "identity.trust",
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
    !isDeepStrictEqual(sectionOf(section, inForce), sectionOf(section, effective));
  return {
    effective,
    changed: liveSections.filter(differs),
    needsRestart: differences(effective, written),
  };
}

/** Issuers of providers that are believed more or less than before. */
export function changedTrust(before: Configuration, after: Configuration): string[] {
  return providersOf(after)
    .filter((each) => !isDeepStrictEqual(trustIn(before, each.issuer), trustIn(after, each.issuer)))
    .map(({ issuer }) => issuer);
}

/** SHA-256, hex, of a configuration with its defaults filled in; the file holds no secrets, so neither does this. */
export function configurationDigest(configuration: Configuration): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(configuration)))
    .digest("hex");
}

function sectionOf(section: LiveSection, configuration: Configuration): unknown {
  switch (section) {
    case "identity.roles":
      return configuration.identity.roles;
    case "identity.trust":
      return providersOf(configuration).map(({ issuer }) => trustIn(configuration, issuer));
    case "connections":
    case "protected":
    case "policies":
    case "masking":
      return configuration[section];
  }
}

function withLiveSections(inForce: Configuration, written: Configuration): Configuration {
  const { connections, policies, masking } = written;
  const believed = <Each extends Provider>(each: Each): Each => withTrust(each, written);
  return {
    ...inForce,
    ...{ connections, policies, masking, protected: written.protected },
    identity: {
      ...inForce.identity,
      roles: written.identity.roles,
      issuers: inForce.identity.issuers.map(believed),
      saml: inForce.identity.saml.map(believed),
    },
  };
}

/** A provider that is gone from the file stays as it was until the restart that takes it away. */
function withTrust<Each extends Provider>(each: Each, written: Configuration): Each {
  const found = providersOf(written).find(({ issuer }) => issuer === each.issuer);
  if (found === undefined) return each;
  return { ...each, groups: found.groups, email_domains: found.email_domains };
}

function providersOf({ identity }: Configuration): readonly Provider[] {
  return [...identity.issuers, ...identity.saml];
}

function trustIn(configuration: Configuration, issuer: string): unknown {
  const found = providersOf(configuration).find((each) => each.issuer === issuer);
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
