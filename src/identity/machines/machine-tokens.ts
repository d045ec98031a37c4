import { z } from "zod";
import type { Clock } from "#lib/clock";
import { limits } from "#lib/limits";
import { type Claims, textAt } from "../claim-path.ts";
import type { IssuerTokens } from "../issuers.ts";
import { audienceShape, subjectShape } from "../person-claims.ts";
import { machinePrincipalId, principalId } from "../principal.ts";
import { type IdentityVerdict, type ProvenIdentity, refusedIdentity } from "../proven-identity.ts";
import type { ProviderKeys } from "../provider-keys.ts";
import { proveClaims } from "../signed-claims.ts";
import { asTrusted } from "../trust.ts";
import { describeCondition, holds } from "./condition.ts";
import type { MachineSettings } from "./machine.ts";
import { machineKinds } from "./machine-kinds.ts";

export interface MachineTokensParts {
  /** All of one issuer, with its keys. */
  readonly issuer: string;
  readonly machines: readonly MachineSettings[];
  readonly keys: Pick<ProviderKeys, "find">;
  readonly clock: Clock;
}

/**
 * Workloads' tokens of one issuer. Whoever fulfils the conditions of exactly one machine identity is that one; the
 * conditions of two are a mistake in the configuration, and nobody is let in by it.
 */
export function machineTokens({ issuer, machines, keys, clock }: MachineTokensParts): IssuerTokens {
  const algorithms = [...new Set(machines.flatMap((each) => each.algorithms))];
  return {
    knows: (claimed) => claimed === issuer,
    concerns: (claims) => claims["iss"] === issuer && machines.some((each) => isMeantFor(claims, each)),
    verify: async (token, clients) => {
      // A workload is nobody who could sit at a console.
      if (!clients.includes("agent")) return refusedIdentity("invalid", "a machine's token, not a person's");
      const signed = await proveClaims(token, { issuer, algorithms, keys, clock });
      return signed.kind === "refused" ? signed : judgeWorkload(signed.claims, machines);
    },
  };
}

/** One audience and no other: a token for two is one that the other party could show to us. */
function isMeantFor({ aud }: Claims, { audience }: MachineSettings): boolean {
  const parsed = audienceShape.safeParse(aud);
  return parsed.success && parsed.data.length === 1 && parsed.data[0] === audience;
}

function judgeWorkload(claims: Claims, machines: readonly MachineSettings[]): IdentityVerdict {
  const judged = machines.map((machine) => ({ machine, objection: objectionTo(claims, machine) }));
  const fitting = judged.filter(({ objection }) => objection === undefined).map(({ machine }) => machine);
  const [machine, ...others] = fitting;
  if (machine === undefined)
    return refusedIdentity(
      "invalid",
      judged.map((each) => `${each.machine.name}: ${each.objection}`).join("; "),
    );
  if (others.length > 0)
    return refusedIdentity(
      "invalid",
      `several machine identities fit: ${fitting.map(({ name }) => name).join(", ")}`,
    );
  return workloadOf(claims, machine);
}

function objectionTo(claims: Claims, machine: MachineSettings): string | undefined {
  if (!isMeantFor(claims, machine)) return "another audience";
  const broken = machine.allow.find((condition) => !holds(condition, claims));
  if (broken !== undefined) return `condition ${describeCondition(broken)}`;
  return machineKinds[machine.kind].objectionTo(claims, machine.allow);
}

const provenShape = z.object({ exp: z.number(), iat: z.number().optional().catch(undefined) });
/** What is shown and kept: as for people, nothing that no screen shows. */
const words = z
  .string()
  .min(1)
  .regex(/^\P{C}+$/u)
  .catch("");

function workloadOf(claims: Claims, machine: MachineSettings): IdentityVerdict {
  const named = subjectShape.safeParse(textAt(claims, machine.claims.subject));
  const proven = provenShape.safeParse(claims);
  if (!named.success || !proven.success) return refusedIdentity("invalid", `${machine.name}: no subject`);
  const idOf = machine.isAmongPeople === true ? machinePrincipalId : principalId;
  const subject = `${machine.claims.subjectLabel}${named.data}`;
  const principal = {
    id: idOf(machine.issuer, subject),
    issuer: machine.issuer,
    subject,
    email: machine.claims.email && textAt(claims, machine.claims.email),
    groups: machine.groups,
  };
  const identity: ProvenIdentity = {
    principal: asTrusted(principal, { groups: undefined, emailDomains: machine.emailDomains }),
    client: "agent",
    signedInAt: undefined,
    issuedAt: proven.data.iat === undefined ? undefined : new Date(proven.data.iat * 1000),
    countsUntil: new Date(proven.data.exp * 1000 + limits.tokenSkewMs),
    workload: {
      machine: machine.name,
      agent: agentOf(claims, machine),
      displayName: words.parse(textAt(claims, machine.claims.displayName)) || subject,
      connections: machine.connections,
    },
  };
  return { kind: "proven", identity };
}

/** What runs, as its issuer says: it stands on record and on approvers' screens. */
function agentOf(claims: Claims, { name, kind, claims: { agent } }: MachineSettings): string {
  const said = agent.map((path) => words.parse(textAt(claims, path))).filter((each) => each !== "");
  const text = [kind === "custom" ? name : kind, ...said].join(" ");
  return text.slice(0, limits.machineAgentCharsMax);
}
