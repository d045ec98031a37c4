import type { Principal, Role } from "./principal.ts";

/** What people and agents do with Gatehouse, as far as somebody must be allowed to. */
export type Act =
  /** Open a session and make calls in it. */
  | "session.use"
  /** Stop a session of one's own. */
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
  "agent-user": ["session.use", "session.stop_own", "approval.follow_own"],
  approver: ["approval.review", "approval.vote"],
  auditor: ["audit.read", "audit.custody"],
  "policy-admin": ["session.stop_any", "sink.manage"],
};

export function mayDo(role: Role, act: Act): boolean {
  return table[role].includes(act);
}

/** For each role the groups that hold it, as configured. */
export type RoleGroups = Readonly<Record<Role, readonly string[]>>;

export function rolesOf(principal: Pick<Principal, "groups">, roleGroups: RoleGroups): readonly Role[] {
  return allRoles.filter((role) => roleGroups[role].some((group) => principal.groups.includes(group)));
}
