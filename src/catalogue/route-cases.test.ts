import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { RawHeader } from "#lib/headers";
import { loadCatalogue, type Understanding } from "./index.ts";
import { readGeneratedFiles } from "./load.ts";

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
const prefixes = new Set(
  readGeneratedFiles().flatMap((file) => file.operations.map(({ id }) => id.split(".")[0])),
);
const cases = readCases();

/** Cases whose expectation Gatehouse narrows, with what it answers instead. */
const stricter: ReadonlyMap<string, string> = new Map([
  ["r042", "session_url"], // chunks of an upload belong to the register of capabilities
  ["r045", "session_url"],
  ["r052", "session_url"], // signed URLs work only if they were issued through Gatehouse
  ["r053", "session_url"],
  ["r043", "batch_refused"],
  ["r044", "batch_refused"],
  ["r103", "token_endpoint"],
  ["r105", "discovery.apis.getRest"], // public description of an API, the hand rule the case asks for
  ["r116", "override_refused"], // security reference, section 2.3: overrides are refused outright
  ["r117", "override_refused"],
  ["r118", "override_refused"],
  ["r119", "override_refused"],
  ["r120", "parameter_refused"], // the same section: credentials in a query are refused, not stripped
]);

const carried = cases.filter((each) => each.kind === "rest" && isCarried(each));

test.each(carried)("case $name: $method $host$target is $id", (each) => {
  const result = catalogue.understand(each);
  const expected = stricter.get(each.name);
  if (expected !== undefined) {
    expect(nameOf(result)).toBe(expected);
  } else if (each.id === "unknown" || result.kind !== "call") {
    expect(result.kind).toBe(each.id);
  } else {
    expect(result.call.operation).toMatchObject({ id: each.id, class: each.class });
    expect(result.call.resource.name).toBe(each.resource === "-" ? "" : each.resource);
  }
});

test.each(cases.filter(({ kind }) => kind === "grpc"))(
  "case $name: the gRPC call $target is refused as long as protobuf is not read",
  (each) => {
    const headers: RawHeader[] = [["content-type", "application/grpc"]];
    expect(catalogue.understand({ ...each, headers }).kind).toBe("unknown");
  },
);

const absent = cases.filter((each) => each.kind === "rest" && !isCarried(each));

test(`the ${absent.length} cases of services that are not carried yet are refused`, () => {
  expect(carried.length).toBeGreaterThanOrEqual(107);
  for (const each of absent) expect(catalogue.understand(each).kind, each.name).toBe("unknown");
});

function isCarried(each: RouteCase): boolean {
  return each.id === "unknown" || prefixes.has(each.id.split(".")[0] ?? "");
}

function nameOf(result: Understanding): string {
  switch (result.kind) {
    case "call":
      return result.call.operation.id;
    case "session_url":
      return result.kind;
    case "unknown":
      return result.code;
  }
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
