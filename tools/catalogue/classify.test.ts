import { expect, test } from "vitest";
import { classify } from "./classify.ts";
import { readCurated } from "./curated.ts";

const curated = readCurated();

function classOf(verb: string, id: string): string {
  return classify({ verb, id }, curated).class;
}

test.each([
  ["POST", "service.things.deidentifyEverything"],
  ["POST", "service.things.reader"],
  ["POST", "service.things.searchAndReplace"],
  ["POST", "service.things.lookupOrCreate"],
  ["PATCH", "service.things.getIamPolicy"],
  ["PUT", "service.things.listThings"],
])("%s %s is not taken for a read by its name", (verb, id) => {
  expect(classOf(verb, id)).toBe("write");
});

test.each([
  ["POST", "service.things.deleteAll"],
  ["POST", "service.things.batchDelete"],
  ["POST", "service.things.bulkPurge"],
  ["PATCH", "service.things.cancel"],
  ["DELETE", "service.things.getThing"],
])("%s %s takes something away", (verb, id) => {
  expect(classOf(verb, id)).toBe("destructive");
});

test("a word counts only at the beginning: `undelete` gives back", () => {
  expect(classOf("POST", "cloudresourcemanager.projects.undelete")).toBe("write");
});

test("changing access is privileged in every service, known or not", () => {
  expect(classOf("POST", "newservice.things.setIamPolicy")).toBe("privileged");
  expect(classOf("PUT", "storage.buckets.setIamPolicy")).toBe("privileged");
});

test("iam rules are anchored: iamcredentials and cloudresourcemanager are not iam", () => {
  expect(classOf("POST", "iamlike.things.create")).toBe("write");
  expect(classOf("POST", "cloudresourcemanager.projects.create")).toBe("write");
  expect(classOf("POST", "iam.projects.roles.create")).toBe("privileged");
});

test("an exact decision is about one verb, for ids that mean another thing in another version", () => {
  expect(classOf("GET", "cloudbilling.organizations.billingAccounts.move")).toBe("write");
  expect(classOf("POST", "cloudbilling.organizations.billingAccounts.move")).toBe("write");
  expect(classOf("GET", "beyondcorp.organizations.locations.subscriptions.cancel")).toBe("destructive");
});

test("every class comes with its reason", () => {
  for (const id of ["a.b.get", "a.b.delete", "a.b.create", "a.b.setIamPolicy", "sts.token"]) {
    expect(classify({ verb: "POST", id }, curated).reason).not.toBe("");
  }
});
