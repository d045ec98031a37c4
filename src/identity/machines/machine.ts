import type { ClaimPath, Claims } from "../claim-path.ts";
import type { SignatureAlgorithm } from "../key-set.ts";
import type { KeySource } from "../provider-keys.ts";
import type { Condition } from "./condition.ts";

export type MachineKind = "kubernetes" | "github_actions" | "google" | "cursor" | "custom";

/** Which claims say who a workload is, what runs, and how people call it. */
export interface MachineClaims {
  readonly subject: ClaimPath;
  /** Put before the subject where it is a bare number, so that a person who reads it knows of what. */
  readonly subjectLabel: string;
  /** Joined with a space; claims that are missing are left out. */
  readonly agent: readonly ClaimPath[];
  readonly displayName: ClaimPath;
  /** The address of a person or service account that the issuer vouches for. */
  readonly email: ClaimPath | undefined;
}

/** What is known of one kind of issuer: what its tokens say, and the traps in them. */
export interface MachineRules {
  /** Where everybody has the same issuer. */
  readonly issuer: string | undefined;
  /** Where its keys are, if discovery is not documented. */
  readonly keysUrl: string | undefined;
  readonly claims: MachineClaims;
  /** Claims that tell one's own workloads from those of strangers at the same issuer: one of them must be a condition. */
  readonly fences: readonly ClaimPath[];
  /** Whether tokens for this audience are made for somebody else: what they get, they could show to us. */
  isForeignAudience(audience: string): boolean;
  /** What must be so whatever the conditions say; the objection, if it is not. */
  objectionTo(claims: Claims, allow: readonly Condition[]): string | undefined;
}

/** One machine identity: workloads at an issuer that fulfil all conditions, and what they may. */
export interface MachineSettings {
  readonly name: string;
  readonly kind: MachineKind;
  readonly issuer: string;
  /** The one audience its tokens must have. */
  readonly audience: string;
  readonly algorithms: readonly SignatureAlgorithm[];
  readonly keySource: KeySource;
  readonly claims: MachineClaims;
  /** All of them must hold. */
  readonly allow: readonly Condition[];
  /** Given to whoever fulfils the conditions; what the token says of groups counts for nothing. */
  readonly groups: readonly string[];
  readonly connections: readonly string[] | undefined;
  readonly emailDomains: readonly string[] | undefined;
  /** Whether people sign in at its issuer as well. */
  readonly isAmongPeople?: boolean;
}
