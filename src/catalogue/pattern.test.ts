import { expect, test } from "vitest";
import { compileOperationPattern, isDeadPattern } from "./pattern.ts";

const secretAccess = {
  id: "secretmanager.projects.secrets.versions.access",
  aliases: ["secretmanager.access"],
};
const keyCreate = { id: "iam.projects.serviceAccounts.keys.create", aliases: [] };

test.each([
  "",
  ".",
  "storage",
  "storage.",
  ".storage",
  "storage..get",
  "storage.get*",
  "storage.***",
  "storage.objects get",
  "storage.{a,b}",
  "storage.objects\n.get",
  `a.${"b".repeat(300)}`,
])("a pattern nobody can mean (%j) is refused with bad_pattern", (pattern) => {
  expect(() => compileOperationPattern(pattern)).toThrowError(
    expect.objectContaining({ code: "bad_pattern" }),
  );
});

test("an exact pattern means exactly that id", () => {
  expect(compileOperationPattern(secretAccess.id)(secretAccess)).toBe(true);
  expect(compileOperationPattern("secretmanager.projects.secrets.versions")(secretAccess)).toBe(false);
  expect(compileOperationPattern(`${secretAccess.id}.more`)(secretAccess)).toBe(false);
});

test("ids are compared with their case, as Google writes them", () => {
  expect(compileOperationPattern("iam.projects.serviceaccounts.keys.create")(keyCreate)).toBe(false);
});

test("an alias means every operation that carries it", () => {
  expect(compileOperationPattern("secretmanager.access")(secretAccess)).toBe(true);
  expect(compileOperationPattern("secretmanager.access")(keyCreate)).toBe(false);
});

test("a wildcard never matches by way of an alias, which would widen an allow rule unseen", () => {
  expect(compileOperationPattern("secretmanager.*")(secretAccess)).toBe(false);
  expect(compileOperationPattern("*.access")(secretAccess)).toBe(false);
});

test.each([
  ["iam.**.serviceAccounts.keys.create", keyCreate, true],
  ["iam.**", keyCreate, true],
  ["**", keyCreate, true],
  ["**.create", keyCreate, true],
  ["iam.**.projects.**.keys.**.create", keyCreate, true],
  ["iam.projects.**.serviceAccounts.keys.create", keyCreate, true],
  ["iam.*.serviceAccounts.keys.create", keyCreate, true],
  ["iam.*.keys.create", keyCreate, false],
  ["iam.*", keyCreate, false],
  ["*", keyCreate, false],
  ["iam.**.keys", keyCreate, false],
  ["storage.**", keyCreate, false],
  ["iam.**.keys.keys.create", keyCreate, false],
] as const)("in %s, * is one segment and ** any number of them", (pattern, operation, isMeant) => {
  expect(compileOperationPattern(pattern)(operation)).toBe(isMeant);
});

test("a hostile pattern with many ** costs no more than its length", () => {
  const pattern = `${"**.a.".repeat(40)}z`;
  const id = Array.from({ length: 60 }, () => "a").join(".");
  expect(compileOperationPattern(pattern)({ id, aliases: [] })).toBe(false);
});

test("a pattern that names nothing in the catalogue is dead, and can be reported", () => {
  expect(isDeadPattern("iam.**.keys.destroy", [secretAccess, keyCreate])).toBe(true);
  expect(isDeadPattern("iam.**.keys.create", [secretAccess, keyCreate])).toBe(false);
});
