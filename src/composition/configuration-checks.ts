import { type Configuration, readDocuments } from "#config";
import { openConnections } from "#connections";
import { systemClock as clock } from "#lib/clock";
import { GatehouseError } from "#lib/errors";
import { parseMaskingRules } from "#masking";
import { avoidableRules, parsePolicies, printAvoidable, printProblem } from "#policy";
import { connectionOf, issuerSettings, samlSettings } from "./configured.ts";
import { fencesOf, machineSettings } from "./configured-machines.ts";
import { sinkOf } from "./sinks.ts";

/** Looks at what one section names outside the file. Returns what is wrong, or throws a GatehouseError that says it. */
type Check = (configuration: Configuration) => readonly string[] | Promise<readonly string[]>;

/** One for each section that names files; a new section adds its own here. Nothing is started, nobody is asked. */
const checks: readonly Check[] = [
  checkIssuers,
  checkCertificates,
  checkConnections,
  checkSinks,
  checkPolicies,
  checkMasking,
];

/** Everything that is wrong with what a configuration names: what a start, or a change while running, would trip over. */
export async function configurationProblems(configuration: Configuration): Promise<readonly string[]> {
  return (await Promise.all(checks.map((check) => problemsOf(check, configuration)))).flat();
}

async function problemsOf(check: Check, configuration: Configuration): Promise<readonly string[]> {
  try {
    return await check(configuration);
  } catch (error) {
    if (error instanceof GatehouseError) return [error.message];
    throw error;
  }
}

/** Secrets, keys and certificates of issuers are read; nobody is asked for anything. */
function checkIssuers(configuration: Configuration): readonly string[] {
  const machines = machineSettings(configuration);
  const issuers = issuerSettings(configuration, () => configuration);
  for (const { issuer } of [...issuers, ...machines]) fencesOf(configuration, machines, issuer);
  return [];
}

function checkCertificates(configuration: Configuration): readonly string[] {
  samlSettings(configuration, () => configuration);
  return [];
}

/** Reads key files as the server does, and asks nobody for a credential. */
async function checkConnections({ connections }: Configuration): Promise<readonly string[]> {
  await openConnections({ connections: connections.map(connectionOf), clock }).close();
  return [];
}

/** Reads secrets and authorities as the server does, and dials nobody. */
async function checkSinks({ sinks }: Configuration): Promise<readonly string[]> {
  await Promise.all(sinks.map((written) => sinkOf(written).sink.close()));
  return [];
}

/** What would start, and not do what it seems to. */
export function configurationWarnings(configuration: Configuration): readonly string[] {
  const parsed = parsePolicies(readDocuments(configuration.policies), configuration.protected);
  return parsed.kind === "parsed" ? avoidableRules(parsed.set).map(printAvoidable) : [];
}

function checkPolicies(configuration: Configuration): readonly string[] {
  const parsed = parsePolicies(readDocuments(configuration.policies), configuration.protected);
  return parsed.kind === "parsed" ? [] : parsed.problems.map(printProblem);
}

function checkMasking(configuration: Configuration): readonly string[] {
  const parsed = parseMaskingRules(readDocuments(configuration.masking));
  if (parsed.kind === "rules") return [];
  return parsed.problems.map(({ file, line, rule, message }) => `${file}:${line}: ${rule}: ${message}`);
}
