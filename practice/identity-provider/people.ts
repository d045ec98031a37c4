import { createHash } from "node:crypto";

/** Somebody who can be signed in as; nobody here has a password. */
export interface Person {
  readonly email: string;
  readonly name: string;
  readonly groups: readonly string[];
}

export const defaultPeople: readonly Person[] = [
  { email: "developer@example.com", name: "Developer", groups: ["engineering"] },
  { email: "approver@example.com", name: "Approver", groups: ["sre"] },
  { email: "second-approver@example.com", name: "Second approver", groups: ["sre"] },
  { email: "auditor@example.com", name: "Auditor", groups: ["audit"] },
  { email: "second-auditor@example.com", name: "Second auditor", groups: ["audit"] },
  { email: "operator@example.com", name: "Operator", groups: ["platform"] },
  { email: "outsider@example.com", name: "Outsider", groups: [] },
];

/** OIDC Core section 2: never an address, and the same after every restart. */
export function subjectOf(person: Person): string {
  return createHash("sha256").update(`development:${person.email}`).digest("hex").slice(0, 24);
}

/** The claims about a person, as ID tokens carry them. */
export function claimsOf(person: Person): PersonClaims {
  return {
    sub: subjectOf(person),
    email: person.email,
    email_verified: true,
    name: person.name,
    groups: [...person.groups],
  };
}

export interface PersonClaims {
  readonly [claim: string]: unknown;
  readonly sub: string;
  readonly email: string;
  readonly email_verified: boolean;
  readonly name: string;
  readonly groups: string[];
}
