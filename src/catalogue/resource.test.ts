import { expect, test } from "vitest";
import { normaliseSegment, type ResourceOrigin, resourceOf } from "./resource.ts";

const origin = {
  service: "iam.googleapis.com",
  location: undefined,
  projectAside: undefined,
  endsInLiteral: false,
};

function named(name: string, from: ResourceOrigin) {
  return resourceOf(name === "" ? [] : name.split("/"), from);
}

test("a service account of another project than the path says is refused", () => {
  expect(named("projects/mine/serviceAccounts/sa@theirs.iam.gserviceaccount.com", origin)).toBeUndefined();
});

test.each([
  ["projects/-/serviceAccounts/sa@p1.iam.gserviceaccount.com", "p1"],
  ["projects/p1/serviceAccounts/sa@p1.iam.gserviceaccount.com/keys/k", "p1"],
  ["projects/-/serviceAccounts/sa@p1.example.com.iam.gserviceaccount.com", "example.com:p1"],
  ["projects/-/serviceAccounts/123-compute@developer.gserviceaccount.com", "123"],
  ["projects/-/serviceAccounts/p1@appspot.gserviceaccount.com", "p1"],
  ["projects/123/serviceAccounts/sa@p1.iam.gserviceaccount.com", "123"],
  ["projects/-/serviceAccounts/1029384756", undefined],
  ["projects/-/serviceAccounts/sa@p1.iam.gserviceaccount.com.evil.example", undefined],
  ["projects/-/locations/-", undefined],
  ["projects/example.com:legacy", "example.com:legacy"],
  ["namespaces/p1/services/web", "p1"],
  ["policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fp1/denypolicies/d", "p1"],
  ["policies/cloudresourcemanager.googleapis.com%2Ffolders%2F1/denypolicies/d", undefined],
  ["organizations/1/roles/r", undefined],
  ["b/bkt/o/projects%2Fp1", undefined],
])("the project of %s is %s", (name, project) => {
  expect(named(name, origin)?.project).toBe(project);
});

test.each([
  ["projects/p/locations/eu/functions/f", "eu", "functions"],
  ["projects/p/zones/z-a/instances/i", "z-a", "instances"],
  ["projects/p/global/networks/n", "global", "networks"],
  ["projects/p/locations/-", undefined, "locations"],
  ["b/bkt/o/x", undefined, "o"],
  ["", undefined, ""],
])("%s is in location %s and of type %s", (name, location, type) => {
  const resource = named(name, origin);
  expect(resource?.location).toBe(location);
  expect(resource?.type).toBe(type);
});

test("the full name starts with the service, and there is none without a name", () => {
  expect(named("projects/p/roles/r", origin)?.fullName).toBe("//iam.googleapis.com/projects/p/roles/r");
  expect(named("", origin)?.fullName).toBe("");
});

test.each([
  ["robot%40p.iam", "robot@p.iam"],
  ["caf%c3%a9%20menu", "caf%C3%A9%20menu"],
  ["a%2fb%25c", "a%2Fb%25c"],
  ["%61", "a"],
])("the segment %s is spelled %s", (segment, normal) => {
  expect(normaliseSegment(segment)).toBe(normal);
});

test("a name that ends in a fixed word has that word as its type", () => {
  const settings = named("projects/p/settings", { ...origin, endsInLiteral: true });
  expect(settings?.type).toBe("settings");
});
