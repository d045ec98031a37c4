import { type Configuration, readDocuments } from "#config";
import { type Condition, completeMachine, type KeySource, type MachineSettings } from "#identity";
import type { EgressFences } from "#lib/egress";
import { GatehouseError, messageOf } from "#lib/errors";

type Written = Configuration["identity"]["machines"][number];
type WrittenCondition = Written["allow"][number];

/** The machine identities, each completed by what its kind knows. Throws `config_invalid`, `file_missing`, `file_unreadable`. */
export function machineSettings({ identity }: Configuration): MachineSettings[] {
  const machines = identity.machines.map(machineOf);
  const names = new Set([...identity.issuers, ...identity.saml].map(({ issuer }) => issuer));
  for (const { name, issuer, audience } of machines) {
    const shared = machines.filter((each) => each.issuer === issuer);
    if (!agree(shared.map(({ keySource }) => keySource)))
      throw invalid(name, "finds its issuer's keys elsewhere than another machine does");
    if (!agree(shared.map(({ algorithms }) => algorithms)))
      throw invalid(name, "takes other algorithms than another machine of its issuer does");
    if (!agree(reachesOf(issuer, machines, identity)))
      throw invalid(
        name,
        "says something else of ca_file or private_hosts than another entry of its issuer does",
      );
    if (names.has(issuer) && isAudienceOfPeople(identity, audience))
      throw invalid(name, "has an audience that people's tokens of the same issuer have");
  }
  return machines.map((each) => ({ ...each, isAmongPeople: names.has(each.issuer) }));
}

function agree(all: readonly unknown[]): boolean {
  return new Set(all.map((each) => JSON.stringify(each))).size <= 1;
}

/** How each entry of one issuer says it is reached, by whichever name of it: one alone could be heeded. */
function reachesOf(
  issuer: string,
  machines: readonly MachineSettings[],
  { issuers, machines: written }: Configuration["identity"],
): readonly unknown[] {
  const named = written.filter((_, index) => machines[index]?.issuer === issuer);
  const people = issuers.filter((each) => each.issuer === issuer);
  return [...people, ...named].map((each) => [each.ca_file, each.private_hosts]);
}

function isAudienceOfPeople({ issuers }: Configuration["identity"], audience: string): boolean {
  return issuers.some((each) =>
    [each.agent_client, each.console_client, each.web_client, ...each.audiences].includes(audience),
  );
}

function machineOf(written: Written): MachineSettings {
  const { name, kind, issuer, audience, algorithms, groups, connections } = written;
  const completion = completeMachine({
    name,
    kind,
    issuer,
    audience,
    algorithms,
    groups,
    connections,
    keySource: keySourceOf(written),
    allow: written.allow.map(conditionOf),
    emailDomains: written.email_domains,
    ownClaims: {
      subject: written.subject_claim,
      agent: written.agent_claim,
      displayName: written.name_claim,
    },
  });
  if (completion.kind === "machine") return completion.machine;
  throw invalid(name, completion.objection);
}

function invalid(name: string, what: string): GatehouseError {
  return new GatehouseError("config_invalid", `The machine identity ${name} ${what}.`);
}

function conditionOf({ claim, equals, one_of: oneOf, prefix }: WrittenCondition): Condition {
  if (equals !== undefined) return { claim, demand: { kind: "equals", value: equals } };
  if (prefix !== undefined) return { claim, demand: { kind: "prefix", prefix } };
  return { claim, demand: { kind: "one_of", values: oneOf ?? [] } };
}

function keySourceOf({ jwks_uri: url, jwks_file: file }: Written): KeySource | undefined {
  if (url !== undefined) return { kind: "address", url };
  if (file === undefined) return undefined;
  readJson(file);
  return { kind: "document", name: file, read: () => readJson(file) };
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readDocuments([file])[0]?.text ?? "");
  } catch (error) {
    if (error instanceof GatehouseError) throw error;
    throw new GatehouseError("config_invalid", `${file} is not JSON: ${messageOf(error)}`, { cause: error });
  }
}

/** What may be dialled for an issuer: the public Internet, and what was named for it. */
export function fencesOf(
  { identity }: Configuration,
  machines: readonly MachineSettings[],
  issuer: string,
): EgressFences {
  const written =
    identity.issuers.find((each) => each.issuer === issuer) ??
    identity.machines.find(({ name }) =>
      machines.some((each) => each.name === name && each.issuer === issuer),
    );
  const authorities = written?.ca_file === undefined ? undefined : authoritiesIn(written.ca_file);
  return {
    allowLoopback: new URL(issuer).protocol === "http:",
    ...(written?.private_hosts === undefined ? {} : { allowHosts: written.private_hosts }),
    ...(authorities === undefined ? {} : { authorities }),
  };
}

function authoritiesIn(file: string): string {
  const text = readDocuments([file])[0]?.text ?? "";
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new GatehouseError("config_invalid", `${file} holds no certificate in PEM form.`);
}
