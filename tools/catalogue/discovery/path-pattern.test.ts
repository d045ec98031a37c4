import { expect, test } from "vitest";
import { exactTemplate, shapeOfPattern } from "./path-pattern.ts";

test.each([
  "^projects/\\d+$",
  "^projects/.{22}$",
  "^projects/[^:]+$",
  "^projects//[^/]+$",
  "^projects/(a/b)?[0-9]+$",
  "^projects/a|folders/b$",
  "^projects/(a$",
  "^projects/a)$",
  "^projects/a)(b$",
  "^(?=projects)$",
  "",
])("a pattern that cannot be read (%j) stops the generator", (pattern) => {
  expect(() => shapeOfPattern(pattern)).toThrow(`cannot read the pattern ${pattern}`);
});

test.each([
  ["^[^/]+$", "*"],
  ["[^/]+", "*"],
  ["^.*$", "**"],
  ["^projects/[^/]+/secrets/[^/]+$", "projects/*/secrets/*"],
  ["^projects/[^/]+/locations/global/domains/[^/]+$", "projects/*/locations/global/domains/*"],
  ["^accounts/-/_history/[^/]+$", "accounts/-/_history/*"],
  ["^projects/[^/]+/metricDescriptors/.*$", "projects/*/metricDescriptors/**"],
  ["organizations/[0-9]{0,20}", "organizations/*"],
  ["reservations/([a-z](?:[-a-z0-9]{0,61}[a-z0-9])?|[1-9][0-9]{0,19})", "reservations/*"],
])("the pattern %s has the shape %s", (pattern, shape) => {
  expect(shapeOfPattern(pattern)).toBe(shape);
});

test("a character class that takes slashes is any number of segments", () => {
  expect(shapeOfPattern("[a-z](?:[-a-zA-Z0-9/]{0,255}[a-zA-Z0-9])?")).toBe("**");
});

const path = { location: "path" } as const;

test("a path and its parameters must name the same variables", () => {
  expect(() => exactTemplate("v1/{+name}", {})).toThrow("{name} in v1/{+name} is no path parameter");
  expect(() => exactTemplate("v1/{name}", { name: { location: "query" } })).toThrow("is no path parameter");
  expect(() => exactTemplate("v1/{name}/{name}", { name: path })).toThrow("is no path parameter");
  expect(() => exactTemplate("v1/things", { name: path })).toThrow("v1/things does not hold {name}");
});

test.each([
  "/v1/things",
  "v1//things",
  "v1/things/",
  "v1/../things",
  "v1/things?x",
  "v1/{na-me}",
  "v1/x{na-me}",
  "v1/{name",
  "v1/thing s",
  "",
])("a path that cannot be read (%j) stops the generator", (text) => {
  expect(() => exactTemplate(text, {})).toThrow("cannot read the path");
});

test("the pattern of a variable gives its shape, and the rest of the path stays", () => {
  const parameters = {
    name: { ...path, pattern: "^projects/[^/]+$" },
    id: path,
    page: { location: "query" },
  } as const;
  expect(exactTemplate("v1/{+name}/things/{id}:undelete", parameters)).toBe(
    "/v1/{name=projects/*}/things/{id}:undelete",
  );
});

test("a variable that is percent-encoded is one segment whatever its pattern says", () => {
  const parameters = { policy: { ...path, pattern: "(firewallPolicies/)?[0-9]{0,20}" } };
  expect(exactTemplate("v1/{policy}", parameters)).toBe("/v1/{policy}");
});

test("a variable that may hold slashes and has no pattern is any number of segments", () => {
  expect(exactTemplate("v1/invoke/{+path}", { path })).toBe("/v1/invoke/{path=**}");
});
