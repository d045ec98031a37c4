import { createHash } from "node:crypto";

/** The person or workload on whose authority an exchange happens. */
export interface Principal {
  /** Stable and opaque: base64url of SHA-256 over issuer and subject. */
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
  return createHash("sha256")
    .update(JSON.stringify([issuer, subject]))
    .digest("base64url");
}
