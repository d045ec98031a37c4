import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadCatalogue } from "./index.ts";

const catalogue = loadCatalogue();

/**
 * Requests and what they are about, derived by the generator from the examples with which the npm package documents its
 * methods: no template of ours has a part in them.
 */
const cases = readFileSync(join(import.meta.dirname, "vectors/derived-cases.tsv"), "utf8")
  .trimEnd()
  .split("\n")
  .slice(1)
  .map((line) => {
    const [method = "", host = "", target = "", id = "", resource = ""] = line.split("\t");
    return { method, host, target, id, resource: resource === "-" ? "" : resource };
  });

/** Refused whatever else they are: tokens of Google are not handed out through Gatehouse. */
const tokens = cases.filter(({ id }) => id.startsWith("sts.") || id === "oauth2.tokeninfo");

test("there are at least as many as the reference has golden cases", () => {
  expect(cases.length).toBeGreaterThanOrEqual(156);
});

test("every documented example is understood as its method, on the resource it names", () => {
  const astray = cases
    .filter((each) => !tokens.includes(each))
    .flatMap(({ id, resource, ...line }) => {
      const result = catalogue.understand({ ...line, headers: [] });
      const found =
        result.kind === "call" ? `${result.call.operation.id} ${result.call.resource.name}` : "unknown";
      return found === `${id} ${resource}`
        ? []
        : [`${line.method} ${line.target}: ${found}, not ${id} ${resource}`];
    });
  expect(astray).toEqual([]);
});

test("an example of a token endpoint is refused", () => {
  for (const each of tokens) {
    expect(catalogue.understand({ ...each, headers: [] })).toMatchObject({ code: "token_endpoint" });
  }
});
