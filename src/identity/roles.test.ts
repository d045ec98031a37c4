import { expect, test } from "vitest";
import type { Role } from "./principal.ts";
import { type Act, allActs, allRoles, mayDo, rolesOf } from "./roles.ts";

// Written out, not computed: whoever changes the table in roles.ts changes it here too, and says why.
const cells: Readonly<Record<Act, Readonly<Record<Role, boolean>>>> = {
  "session.use": { "agent-user": true, approver: false, auditor: false, "policy-admin": false },
  "session.stop_this": { "agent-user": true, approver: false, auditor: false, "policy-admin": false },
  "session.end_this": { "agent-user": true, approver: false, auditor: false, "policy-admin": false },
  "session.stop_own": { "agent-user": true, approver: true, auditor: true, "policy-admin": true },
  "approval.follow_own": { "agent-user": true, approver: false, auditor: false, "policy-admin": false },
  "approval.review": { "agent-user": false, approver: true, auditor: false, "policy-admin": false },
  "approval.vote": { "agent-user": false, approver: true, auditor: false, "policy-admin": false },
  "audit.read": { "agent-user": false, approver: false, auditor: true, "policy-admin": false },
  // Holding and erasing is the auditors' alone: an administrator gets nothing by being one.
  "audit.custody": { "agent-user": false, approver: false, auditor: true, "policy-admin": false },
  "session.stop_any": { "agent-user": false, approver: false, auditor: false, "policy-admin": true },
  "sink.manage": { "agent-user": false, approver: false, auditor: false, "policy-admin": true },
};

const rows = allActs.flatMap((act) => allRoles.map((role) => ({ act, role, expected: cells[act][role] })));

test.each(rows)("$role × $act is $expected", ({ act, role, expected }) => {
  expect(mayDo(role, act)).toBe(expected);
});

test("the table is checked cell by cell", () => {
  expect(Object.keys(cells)).toEqual([...allActs]);
  expect(rows).toHaveLength(44);
});

const roleGroups = {
  "agent-user": ["engineering"],
  approver: ["sre"],
  auditor: ["audit"],
  "policy-admin": [],
};

test("somebody without a group has no role, and a role nobody was given is nobody's", () => {
  expect(rolesOf({ groups: [] }, roleGroups)).toEqual([]);
  expect(rolesOf({ groups: ["policy-admin", "Engineering", "sre "] }, roleGroups)).toEqual([]);
});

test("roles come from groups, each by itself", () => {
  expect(rolesOf({ groups: ["sre"] }, roleGroups)).toEqual(["approver"]);
  expect(rolesOf({ groups: ["sre", "engineering"] }, roleGroups)).toEqual(["agent-user", "approver"]);
});
