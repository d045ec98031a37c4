import { createHash } from "node:crypto";

/** The person or workload on whose authority an exchange happens. */
export interface Principal {
  /** Stable and opaque: base64url of SHA-256 over issuer and subject. Of a machine whose issuer has people too, over `machine` as well. */
  readonly id: string;
  readonly issuer: string;
  readonly subject: string;
  /** Only when the provider says it is verified; otherwise the e-mail counts for nothing. */
  readonly email: string | undefined;
  readonly groups: readonly string[];
}

export type Role = "agent-user" | "approver" | "auditor" | "policy-admin";

/** The same person at two providers is two principals: only the provider can say who somebody is. */
export function principalId(issuer: string, subject: string): string {
  return digest([issuer, subject]);
}

/**
 * A workload at an issuer that has people too: whatever claim names it, it is never one of those. Where an issuer has no
 * people there is nobody to be taken for, and the id stays the one that is on record.
 */
export function machinePrincipalId(issuer: string, subject: string): string {
  return digest([issuer, subject, "machine"]);
}

function digest(named: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(named)).digest("base64url");
}
