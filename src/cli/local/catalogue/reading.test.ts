import { expect, test } from "vitest";
import { loadCatalogue } from "#catalogue";
import { readLine } from "./reading.ts";

const catalogue = loadCatalogue();
const read = (text: string) => readLine(text, catalogue);

test.each([
  "",
  "GET",
  "https://storage.googleapis.com/b",
  "GET http://storage.googleapis.com/storage/v1/b",
  "get https://storage.googleapis.com/storage/v1/b",
  "GRPC pubsub.googleapis.com",
  "GET https://storage.googleapis.com/storage/v1/b\tno header",
  "GET https://storage.googleapis.com/storage/v1/b\tna me: x",
])("the line %j is no call, and says how one is written", (text) => {
  expect(read(text)).toMatchObject({ operation: null, class: "unknown", refused: "usage_invalid" });
  expect(read(text).reason).toMatch(/is not a (call|header)\. Write it as/);
});

test("a line of a megabyte is answered with a line of ordinary length", () => {
  expect(JSON.stringify(read("x".repeat(1_000_000))).length).toBeLessThan(20_000);
});

test("a call that is refused says what it would have been, and that it is refused", () => {
  expect(
    read(
      "POST https://secretmanager.googleapis.com/v1/projects/p/secrets/s?updateMask=labels\tX-HTTP-Method-Override: PATCH",
    ),
  ).toMatchObject({
    operation: "secretmanager.projects.secrets.patch",
    class: "write",
    resource: "projects/p/secrets/s",
    refused: "override_refused",
  });
});

test("an override whose two readings are both known is nobody's call", () => {
  expect(
    read("POST https://secretmanager.googleapis.com/v1/projects/p/secrets\tX-HTTP-Method-Override: GET"),
  ).toMatchObject({ operation: null, refused: "override_refused" });
});

test("a credential in the query is refused and not repeated", () => {
  const reading = read(
    "GET https://secretmanager.googleapis.com/v1/projects/p/secrets?access_token=ya29.canary",
  );
  expect(reading).toMatchObject({
    operation: "secretmanager.projects.secrets.list",
    refused: "parameter_refused",
  });
  expect(reading.reason).not.toContain("canary");
});

test("a signed URL is told for what it does and refused", () => {
  const url = "PUT https://storage.googleapis.com/bkt/3f.zip?GoogleAccessId=x&Expires=1&Signature=y";
  expect(read(url)).toMatchObject({ operation: "storage.objects.insert", refused: "session_url" });
});

test("a call is answered with operation, class, resource, project, flags and reason", () => {
  expect(
    read(
      "POST https://us-central1-cloudfunctions.googleapis.com/v2/projects/p/locations/us-central1/functions?functionId=f",
    ),
  ).toMatchObject({
    operation: "cloudfunctions.projects.locations.functions.create",
    class: "write",
    resource: "projects/p/locations/us-central1",
    project: "p",
    flags: ["exec", "long_running"],
    refused: null,
  });
});
