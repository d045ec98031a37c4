import type { Principal } from "./principal.ts";

/** Our clients at the provider: tokens of the first may be stored, those of the others come from somebody who is there. */
export type ClientKind = "agent" | "console" | "web";

/** What runs, where the token was given to a machine: proven by its issuer, where people's agents only name themselves. */
export interface Workload {
  /** Name of the machine identity in the configuration. */
  readonly machine: string;
  /** The software that acts: a pod, a workflow's run, a cloud agent. */
  readonly agent: string;
  /** For people to read; it decides nothing. */
  readonly displayName: string;
  /** The connections its sessions may use; any without it. */
  readonly connections: readonly string[] | undefined;
}

/** What an identity provider's token proves. */
export interface ProvenIdentity {
  readonly principal: Principal;
  readonly client: ClientKind;
  /** When the person was there (OpenID Connect Core section 2, `auth_time`); not all providers say. */
  readonly signedInAt: Date | undefined;
  /** `iat`; not all issuers say. */
  readonly issuedAt: Date | undefined;
  /** `exp` and the skew that clocks are granted. */
  readonly countsUntil: Date;
  /** How long this may be believed unasked, where the provider has to be asked about each token. */
  readonly believedForMs?: number;
  readonly workload?: Workload;
}

export type IdentityRefusal =
  | "invalid"
  | "expired"
  | "provider_unavailable"
  /** Signed and timely, but the groups are not in it: nobody can say which rules forbid this person something. */
  | "groups_overage";

/** `detail` is for our log only. */
export type IdentityVerdict =
  | { readonly kind: "proven"; readonly identity: ProvenIdentity }
  | RefusedIdentity;

export interface RefusedIdentity {
  readonly kind: "refused";
  readonly code: IdentityRefusal;
  readonly detail: string;
}

export function refusedIdentity(code: IdentityRefusal, detail: string): RefusedIdentity {
  return { kind: "refused", code, detail };
}
