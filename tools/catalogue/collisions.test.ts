import { expect, test } from "vitest";
import type { CatalogueFile, OperationRow } from "../../src/catalogue/catalogue-file.ts";
import { countRoutes } from "./collisions.ts";

function file(
  rows: readonly (readonly [id: string, riskClass: OperationRow["class"], route: string])[],
): CatalogueFile {
  const operations = rows.map(
    ([id, riskClass, route]): OperationRow => ({
      id,
      class: riskClass,
      why: 0,
      http: [route],
      flags: [],
      flagWhys: [],
      aliases: [],
      volatile: [],
      repeated: [],
      rivals: [],
      isDownload: false,
      isApproximate: false,
    }),
  );
  return {
    api: "toy",
    version: "v1",
    service: "toy.googleapis.com",
    slashes: [],
    reasons: ["x"],
    operations,
    secrets: {},
  };
}

test.each([
  ["GET /v1/a/{x}", "GET /v1/a/b", 1],
  ["GET /v1/{x=a/**}", "GET /v1/a/b/c/{y}", 1],
  ["GET /v1/{x=a/**}/z", "GET /v1/a/{y}", 0],
  ["GET /v1/a/{x}", "POST /v1/a/{x}", 0],
  ["GET /v1/a/{x}:go", "GET /v1/a/{x}", 0],
  ["GET /v1/a/{x}", "GET /v1/b/{x}", 0],
])("%s and %s overlap: %i", (one, other, overlaps) => {
  expect(
    countRoutes([
      file([
        ["t.one", "read", one],
        ["t.two", "read", other],
      ]),
    ]),
  ).toMatchObject({ overlaps, differing: [] });
});

test("methods of different classes whose paths overlap are named", () => {
  const { differing } = countRoutes([
    file([
      ["t.one", "read", "GET /v1/a/{x}"],
      ["t.two", "secret_read", "GET /v1/{y=*/*}"],
    ]),
  ]);
  expect(differing).toEqual(["`t.one` (read, `GET /v1/a/{x}`) and `t.two` (secret_read, `GET /v1/{y=*/*}`)"]);
});

test("a route that several versions of one method share is counted once", () => {
  const once = file([["t.one", "read", "GET /v1/a/{x}"]]);
  expect(countRoutes([once, once])).toMatchObject({ routes: 1, repeated: 1, overlaps: 0 });
});

test("only methods between which no precedence decides are rivals", () => {
  const { rivals } = countRoutes([
    file([
      ["t.settled", "read", "GET /v1/a/{x}"],
      ["t.literal", "secret_read", "GET /v1/a/b"],
      ["t.left", "read", "GET /v1/c/{x}/d/{y}"],
      ["t.right", "privileged", "GET /v1/{p=**}/e/{z}/f"],
      ["t.one", "write", "GET /v1/g/{x}/h"],
      ["t.other", "read", "GET /v1/g/i/{y}"],
    ]),
  ]);
  // `/v1/c/e/d/f` and `/v1/g/i/h` could be either.
  expect(rivals).toEqual(
    new Map([
      ["t.left", ["t.right"]],
      ["t.other", ["t.one"]],
    ]),
  );
});
