import { expect, test } from "vitest";
import { readBinding } from "./binding.ts";
import { bindingsOf } from "./http-rule.ts";
import { lowerCamel, resolveName, splitPackage } from "./names.ts";
import { resourceNamesOf } from "./resource-fields.ts";
import { toyProtos } from "./toy-protos.ts";

const protos = toyProtos();

function ruled(rule: object): Parameters<typeof bindingsOf>[0] {
  return { requestType: "A", responseType: "B", parsedOptions: [{ "(google.api.http)": rule }] };
}

test("an HTTP rule with a member nobody knows is refused, and one without a path", () => {
  expect(() => bindingsOf(ruled({ get: "/v1/a", gte: "/v1/b" }))).toThrow();
  expect(() => bindingsOf(ruled({ body: "*" }))).toThrow("without a path");
});

test("one more binding and several are read alike, the first binding first", () => {
  const one = { get: "/a", additional_bindings: { post: "/b", body: "*" } };
  const several = {
    get: "/a",
    additional_bindings: [{ post: "/b", body: "*" }, { custom: { kind: "HEAD", path: "/c" } }],
  };
  expect(bindingsOf(ruled(one)).map(({ verb }) => verb)).toEqual(["GET", "POST"]);
  expect(bindingsOf(ruled(several)).map(({ verb }) => verb)).toEqual(["GET", "POST", "HEAD"]);
});

test("a name means the innermost thing that is called so", () => {
  const names = new Set(["a.b.C", "a.C", "C", "a.b.D.C"]);
  expect(resolveName("C", "a.b.D", names)).toBe("a.b.D.C");
  expect(resolveName("C", "a.b.E", names)).toBe("a.b.C");
  expect(resolveName("C", "x", names)).toBe("C");
  expect(resolveName(".a.C", "a.b", names)).toBe("a.C");
  expect(resolveName("b.C", "a", names)).toBe("a.b.C");
  expect(resolveName("Z", "a.b", names)).toBeUndefined();
});

test("names of versions and JSON", () => {
  expect(splitPackage("google.cloud.run.v2")).toEqual({ stem: "google.cloud.run", version: "v2" });
  expect(splitPackage("google.cloud.oslogin.common")).toEqual({
    stem: "google.cloud.oslogin.common",
    version: "",
  });
  expect([lowerCamel("update_mask"), lowerCamel("DeleteObject")]).toEqual(["updateMask", "deleteObject"]);
  expect(protos.messages.get("google.toy.v1.Toy")?.fields.get("odd")?.jsonName).toBe("odd-name");
});

test("fields know what they hold", () => {
  const toy = protos.messages.get("google.toy.v1.Toy");
  expect(toy?.fields.get("parts")).toMatchObject({
    type: "google.toy.v1.Toy",
    isRepeated: true,
    isScalar: false,
  });
  expect(toy?.fields.get("labels")).toMatchObject({ type: "string", isMap: true });
});

function names(method: string, decided: ReadonlyMap<string, readonly string[]> = new Map()): string[] {
  const rpc = protos.services.flatMap(({ rpcs }) => rpcs).find((each) => each.method === method);
  if (rpc === undefined) throw new Error(`no rpc ${method}`);
  return resourceNamesOf(rpc, rpc.bindings.map(readBinding), { messages: protos.messages, decided });
}

test("the resource is where the path has its variables, as many ways as there are bindings", () => {
  expect(names("GetToy")).toEqual(["1", "projects/{2}/toys/{3=#}"]);
  expect(names("UpdateToy")).toEqual(["1.1"]);
  expect(names("Watch")).toEqual(["1"]);
});

test("what people decided comes first, and must name fields that are there", () => {
  const decided = new Map([["google.toy.v1.Toys/Watch", ["{name=**}/of/{project_id=%}"]]]);
  expect(names("Watch", decided)).toEqual(["{1=**}/of/{2=%}"]);
  expect(() => names("Watch", new Map([["google.toy.v1.Toys/Watch", ["{nome}"]]]))).toThrow("no field nome");
});
