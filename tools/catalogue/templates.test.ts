import { expect, test } from "vitest";
import { shapeOf, templateOf } from "./templates.ts";

test.each(["my-secret", "projects/my-banana", "projects/(", "{x}", "projects//x", ""])(
  "an example that cannot be read backwards (%j) stops the generator",
  (example) => {
    expect(() => shapeOf(example)).toThrow("cannot read");
  },
);

test.each([
  ["projects/my-project/secrets/my-secret", "projects/*/secrets/*"],
  [
    "projects/my-project/locations/my-location/repositories/my-repositorie",
    "projects/*/locations/*/repositories/*",
  ],
  ["policies/my-policie/[^/]+/[^/]+", "policies/*/*/*"],
  ["[^/]+/[^/]+/services/my-service", "*/*/services/*"],
  ["projects/my-project/metricDescriptors/.*", "projects/*/metricDescriptors/**"],
  ["projects/my-project/locations/my-location/ekmConfig", "projects/*/locations/*/ekmConfig"],
  ["operations/.*", "operations/**"],
  ["reservations/([a-z](?:[-a-z0-9]{0,61}[a-z0-9])?|[1-9][0-9]{0,19})", "reservations/*"],
  ["[a-z](?:[-a-zA-Z0-9/]{0,255}[a-zA-Z0-9])?", "**"],
])("the example %s came from %s", (example, shape) => {
  expect(shapeOf(example)).toBe(shape);
});

test("a variable of one segment stays a plain variable", () => {
  expect(templateOf("/storage/v1/b/{bucket}/o/{object}", new Map())).toEqual({
    text: "/storage/v1/b/{bucket}/o/{object}",
    isApproximate: false,
  });
});

test("a variable of many segments gets the shape of its example", () => {
  const example = new Map([["name", "projects/my-project"]]);
  expect(templateOf("/v1/{+name}:undelete", example).text).toBe("/v1/{name=projects/*}:undelete");
});

test("without an example, an id after a collection is one segment and anything else a guess, marked as such", () => {
  expect(templateOf("/bigquery/v2/projects/{+projectId}/jobs", new Map())).toEqual({
    text: "/bigquery/v2/projects/{projectId}/jobs",
    isApproximate: false,
  });
  expect(templateOf("/v1/{+name}/keys", new Map([["name", "placeholder-value"]]))).toEqual({
    text: "/v1/{name=**}/keys",
    isApproximate: true,
  });
});
