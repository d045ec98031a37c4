import type { Principal, Role } from "./principal.ts";

/** What people and agents do with Gatehouse, as far as somebody must be allowed to. */
export type Act =
  /** Open a session and make calls in it. */
  | "session.use"
  /** The session of the token that says so, and no other. */
  | "session.stop_this"
  /** The same, as its agent's being done with it: what it asked people for is not withdrawn. */
  | "session.end_this"
  /** All of one's own: browsers, logins, agents' sessions. */
  | "session.stop_own"
  /** See what became of an approval request of one's own. */
  | "approval.follow_own"
  /** See what others ask for. */
  | "approval.review"
  | "approval.vote"
  /** Sessions, exchanges, recordings. */
  | "audit.read"
  /** Hold recordings; ask for their erasure or a hold's release, and confirm what another auditor asked for. */
  | "audit.custody"
  | "session.stop_any"
  /** Where a sink goes on: again from an earlier entry, or past one. */
  | "sink.manage";

export const allActs: readonly Act[] = [
  "session.use",
  "session.stop_this",
  "session.end_this",
  "session.stop_own",
  "approval.follow_own",
  "approval.review",
  "approval.vote",
  "audit.read",
  "audit.custody",
  "session.stop_any",
  "sink.manage",
];

export const allRoles: readonly Role[] = ["agent-user", "approver", "auditor", "policy-admin"];

/** The one table. A role never implies another: who needs two is given two. */
const table: Readonly<Record<Role, readonly Act[]>> = {
  "agent-user": [
    "session.use",
    "session.stop_this",
    "session.end_this",
    "session.stop_own",
    "approval.follow_own",
  ],
  approver: ["session.stop_own", "approval.review", "approval.vote"],
  auditor: ["session.stop_own", "audit.read", "audit.custody"],
  "policy-admin": ["session.stop_own", "session.stop_any", "sink.manage"],
};

/**
 * What shows that somebody is there. `stored`: any token that carries the role. `browser`: signed in with this browser, or
 * fresh. `fresh`: signed in within five minutes. What an agent can find on its owner's machine is `stored`.
 */
export type Presence = "stored" | "browser" | "fresh";

const presences: Readonly<Record<Act, Presence>> = {
  "session.use": "stored",
  "session.stop_this": "stored",
  "session.end_this": "stored",
  // An agent that could end its owner's sign-ins would keep out the very person who can stop it.
  "session.stop_own": "browser",
  "approval.follow_own": "stored",
  "approval.review": "browser",
  "approval.vote": "fresh",
  "audit.read": "fresh",
  "audit.custody": "fresh",
  "session.stop_any": "fresh",
  "sink.manage": "fresh",
};

export function presenceFor(act: Act): Presence {
  return presences[act];
}

/** About oneself: whoever is there may, whatever roles the proof carries. */
export function isOfOneself(act: Act): boolean {
  return act === "session.stop_own";
}

export function mayDo(role: Role, act: Act): boolean {
  return table[role].includes(act);
}

/** For each role the groups that hold it, as configured. */
export type RoleGroups = Readonly<Record<Role, readonly string[]>>;

export function rolesOf(principal: Pick<Principal, "groups">, roleGroups: RoleGroups): readonly Role[] {
  return allRoles.filter((role) => roleGroups[role].some((group) => principal.groups.includes(group)));
}
