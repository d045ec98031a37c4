import { expect, test } from "vitest";
import { printCatalogueFile } from "./catalogue-file.ts";
import { loadCatalogue } from "./load.ts";
import { openCatalogue } from "./open-catalogue.ts";

const row = { why: 0, flags: [], flagWhys: [], aliases: [], volatile: [], repeated: [], rivals: [] };

function source(api: string, id: string) {
  const service = `${api}.googleapis.com`;
  const text = printCatalogueFile({
    api,
    version: "v1",
    service,
    slashes: [],
    reasons: ["for a test"],
    operations: [
      {
        ...row,
        id,
        class: "read",
        http: ["GET /v1/{name=things/*}"],
        isDownload: false,
        isApproximate: false,
      },
    ],
    secrets: {},
  });
  return { service, text };
}

/** Throws as soon as anybody parses it. */
const trap = { service: "trap.googleapis.com", text: "this is no catalogue file" };

test("asking for one operation by its id opens no host that does not have it", () => {
  const catalogue = openCatalogue([source("toy", "toy.things.get"), trap]);
  expect(catalogue.operation("toy.things.get")).toMatchObject({ service: "toy.googleapis.com" });
  expect(catalogue.operation("toy.things")).toBeUndefined();
  expect(catalogue.operation("no catalogue")).toBeUndefined();
  expect(() => [...catalogue.operations()]).toThrow();
});

test("a host of the gateway's own universe is the API of that name, and nobody else's is", () => {
  const catalogue = openCatalogue([source("toy", "toy.things.get")], { universeDomains: ["gw.example.com"] });
  const read = (host: string) =>
    catalogue.understand({ method: "GET", host, target: "/v1/things/t", headers: [] });
  for (const host of ["toy.gw.example.com", "TOY.GW.example.com.", "toy.us-east1.rep.gw.example.com:443"]) {
    expect(read(host), host).toMatchObject({ call: { operation: { id: "toy.things.get" } } });
  }
  for (const host of [
    "toy.example.com",
    "toy.evilgw.example.com",
    "gw.example.com",
    "evil-toy.gw.example.com",
    "toy.gw.example.com.evil.example",
    "toy.gw.example.com:8443",
    "toy.googleapis.com.gw.example.com",
  ]) {
    expect(read(host), host).toMatchObject({ kind: "unknown", code: "unknown_host" });
  }
});

test("a lookup by the name of a resource is not taken for one in the project that a parameter names", () => {
  const linked = "//bigquery.googleapis.com/projects/forbidden/datasets/d/tables/t";
  const target = `/v1/entries:lookup?project=allowed&linkedResource=${encodeURIComponent(linked)}`;
  const line = { method: "GET", host: "datacatalog.googleapis.com", target, headers: [] };
  expect(loadCatalogue().understand(line)).toMatchObject({
    kind: "call",
    call: { operation: { id: "datacatalog.entries.lookup" }, resource: { project: undefined } },
  });
});
