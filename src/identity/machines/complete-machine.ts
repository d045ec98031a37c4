import { pathName } from "../claim-path.ts";
import type { KeySource } from "../provider-keys.ts";
import { isNamed } from "./condition.ts";
import type { MachineClaims, MachineSettings } from "./machine.ts";
import { machineKinds, type OwnClaims } from "./machine-kinds.ts";

/** A machine identity as the operator wrote it: what its kind knows is left out. */
export interface WrittenMachine extends Omit<MachineSettings, "issuer" | "keySource" | "claims"> {
  readonly issuer: string | undefined;
  /** Where nothing is said of keys, they are where the kind knows them to be, or are discovered. */
  readonly keySource: KeySource | undefined;
  readonly ownClaims: OwnClaims;
}

export type MachineCompletion =
  | { readonly kind: "machine"; readonly machine: MachineSettings }
  /** In words that go behind the machine's name. */
  | { readonly kind: "objection"; readonly objection: string };

/** Fills in what the kind knows, and objects to what would let strangers in. */
export function completeMachine(written: WrittenMachine): MachineCompletion {
  const rules = machineKinds[written.kind];
  const { ownClaims, ...rest } = written;
  const issuer = written.issuer ?? rules.issuer;
  const objection = issuer === undefined ? "needs its issuer" : objectionTo(written);
  if (objection !== undefined || issuer === undefined)
    return { kind: "objection", objection: objection ?? "needs its issuer" };
  const keySource = written.keySource ?? defaultKeys(issuer, written);
  return { kind: "machine", machine: { ...rest, issuer, keySource, claims: claimsOf(written, ownClaims) } };
}

function objectionTo(written: WrittenMachine): string | undefined {
  const { kind, audience, allow, emailDomains, ownClaims } = written;
  const { fences, isForeignAudience } = machineKinds[kind];
  if (isForeignAudience(audience))
    return `has the audience ${audience}, whose tokens are made for somebody else: choose one of your own`;
  if (fences.length > 0 && !fences.some((claim) => isNamed(allow, claim))) {
    const names = fences.map(pathName).join(", ");
    return `lets in strangers of the same issuer: one of these claims must be among the conditions: ${names}`;
  }
  if (kind === "cursor" && emailDomains === undefined)
    return "needs email_domains: without the owner's address nobody keeps them from approving what their agent asks for";
  const hasOwnClaims = Object.values(ownClaims).some((claim) => claim !== undefined);
  return hasOwnClaims && kind !== "custom"
    ? "names claims of its own, which only the kind custom may"
    : undefined;
}

function claimsOf({ kind }: WrittenMachine, { subject, agent, displayName }: OwnClaims): MachineClaims {
  const { claims } = machineKinds[kind];
  return {
    ...claims,
    subject: subject ?? claims.subject,
    agent: agent === undefined ? claims.agent : [agent],
    displayName: displayName ?? subject ?? claims.displayName,
  };
}

/** Addresses that are known belong to the known issuer; a cluster or an enterprise server of one's own is asked. */
function defaultKeys(issuer: string, { kind }: WrittenMachine): KeySource {
  const { keysUrl, issuer: known } = machineKinds[kind];
  return keysUrl !== undefined && issuer === known
    ? { kind: "address", url: keysUrl }
    : { kind: "discovery" };
}
