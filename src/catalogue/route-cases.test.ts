import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { RawHeader } from "#lib/headers";
import { loadCatalogue, type Understanding } from "./index.ts";

/**
 * The golden cases of the project's reference, verbatim. Where Gatehouse is stricter than a plain matcher the refusal
 * is named here, with its reason.
 */
interface RouteCase {
  readonly name: string;
  readonly kind: string;
  readonly method: string;
  readonly host: string;
  readonly target: string;
  readonly headers: readonly RawHeader[];
  readonly id: string;
  readonly resource: string;
  readonly class: string;
}

const catalogue = loadCatalogue();
const cases = readCases();

/** Cases that are understood as they should be, and refused all the same: by what. */
const refused: ReadonlyMap<string, string> = new Map([
  ["r042", "session_url"], // chunks of an upload belong to the register of capabilities
  ["r045", "session_url"],
  ["r052", "session_url"], // signed URLs work only if they were issued through Gatehouse
  ["r053", "session_url"],
  ["r043", "batch_refused"],
  ["r044", "batch_refused"],
  ["r103", "token_endpoint"],
  ["r116", "override_refused"], // security reference, section 2.3: overrides are refused outright
  ["r117", "override_refused"],
  ["r118", "override_refused"],
  ["r119", "override_refused"],
  ["r120", "parameter_refused"], // the same section: credentials in a query are refused, not stripped
]);

/** In no catalogue, says the case, and that a rule by hand decides. Ours lets the public description of an API be read. */
const byHand: ReadonlyMap<string, string> = new Map([["r105", "discovery.apis.getRest"]]);

test("there are as many cases as the reference has", () => {
  expect(cases).toHaveLength(155);
});

test.each(cases.filter(({ kind }) => kind === "rest"))(
  "case $name: $method $target on $host is $id",
  (each) => {
    const result = catalogue.understand(each);
    const refusal = refused.get(each.name);
    if (refusal !== undefined) expect(refusalOf(result)).toBe(refusal);
    const meant = catalogue.meaningOf(each);
    const id = byHand.get(each.name) ?? each.id;
    expect(meant?.operation.id ?? "unknown").toBe(id);
    if (meant === undefined || byHand.has(each.name)) return;
    expect(meant.operation.class).toBe(each.class);
    expect(meant.resource.name).toBe(each.resource === "-" ? "" : each.resource);
  },
);

test("what a refused call would have been is said, and it stays refused", () => {
  for (const each of cases.filter(({ name }) => refused.has(name))) {
    expect(catalogue.understand(each).kind, each.name).not.toBe("call");
  }
});

function refusalOf(result: Understanding): string {
  return result.kind === "unknown" ? result.code : result.kind;
}

function readCases(): RouteCase[] {
  const text = readFileSync(join(import.meta.dirname, "vectors/route-cases.tsv"), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => {
      const [
        name = "",
        kind = "",
        method = "",
        host = "",
        target = "",
        headers = "",
        id = "",
        resource = "",
        risk = "",
      ] = line.split("\t");
      return { name, kind, method, host, target, headers: parseHeaders(headers), id, resource, class: risk };
    });
}

function parseHeaders(text: string): RawHeader[] {
  const [name, value] = text.split(": ");
  return name === undefined || value === undefined ? [] : [[name, value]];
}
