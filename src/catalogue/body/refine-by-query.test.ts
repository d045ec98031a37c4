import { expect, test } from "vitest";
import type { RawHeader } from "#lib/headers";
import { loadCatalogue } from "../load.ts";

const catalogue = loadCatalogue();

function operationOf(method: string, target: string, headers: readonly RawHeader[] = []) {
  const understood = catalogue.understand({ host: "storage.googleapis.com", method, target, headers });
  if (understood.kind !== "call") throw new Error(`not understood: ${understood.kind}`);
  return understood.call.operation;
}

test.each([
  ["POST", "/storage/v1/b?project=p&predefinedAcl=publicRead"],
  ["POST", "/storage/v1/b?project=p&predefinedDefaultObjectAcl=publicReadWrite"],
  ["PATCH", "/storage/v1/b/b?predefinedAcl=authenticatedRead"],
  ["PATCH", "/storage/v1/b/b?predefined%41cl=publicRead"],
  ["POST", "/upload/storage/v1/b/b/o?uploadType=media&name=x&predefinedAcl=publicRead"],
  ["POST", "/storage/v1/b/b/o/x/copyTo/b/c/o/y?destinationPredefinedAcl=publicRead"],
  ["PATCH", "/storage/v1/b/b/o/x?predefinedAcl=publicread"],
])("%s %s lets everybody in, or may: privileged", (method, target) => {
  const operation = operationOf(method, target);
  expect(operation.class).toBe("privileged");
  expect(operation.flags).toContain("exfil");
  expect(operation.classReason).toMatch(/^its query says so: it sets/);
});

test("a predefined access list for nobody new changes nothing", () => {
  const plain = operationOf("PATCH", "/storage/v1/b/b");
  expect(operationOf("PATCH", "/storage/v1/b/b?predefinedAcl=projectPrivate")).toBe(plain);
});

test("force=true adds to the reason of a deletion and to nothing else", () => {
  const target = "/storage/v1/b/b/managedFolders/f";
  const plain = operationOf("DELETE", target);
  const forced = operationOf("DELETE", `${target}?force=true`);
  expect(forced).toEqual({ ...plain, classReason: forced.classReason });
  expect(forced.classReason).toMatch(/^DELETE removes, with force/);
});

test.each([
  ["PUT", "/bkt/x", "x-goog-acl", "public-read"],
  ["PUT", "/bkt/x", "X-Goog-ACL", "authenticated-read"],
  ["PUT", "/bkt/x", "x-amz-acl", "public-read-write"],
  ["PUT", "/bkt/x", "x-amz-grant-read", "uri=http://acs.amazonaws.com/groups/global/AllUsers"],
  ["PUT", "/bkt", "x-goog-acl", "public-read"],
  ["POST", "/bkt/x?uploads", "x-goog-acl", "public-read"],
  ["POST", "/upload/storage/v1/b/b/o?uploadType=media&name=x", "x-goog-acl", "public-read"],
  ["PUT", "/bkt/x", "x-goog-acl", "something-new"],
])("%s %s with %s: %s lets everybody in, or may: privileged", (method, target, name, value) => {
  const operation = operationOf(method, target, [[name, value]]);
  expect(operation.class).toBe("privileged");
  expect(operation.flags).toContain("exfil");
  expect(operation.classReason).toMatch(/^a header says so: it sets/);
});

test("an access list for nobody new in a header changes nothing", () => {
  const plain = operationOf("PUT", "/bkt/x");
  expect(operationOf("PUT", "/bkt/x", [["x-goog-acl", "project-private"]])).toBe(plain);
  expect(
    operationOf("PUT", "/bkt/x", [
      ["x-goog-acl", "private"],
      ["x-goog-acl", "public-read"],
    ]).class,
  ).toBe("privileged");
});
