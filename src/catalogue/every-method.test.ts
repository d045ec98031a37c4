import { expect, test } from "vitest";
import { handsOutTokens, sampleRequests } from "../../test/fakes/sample-requests.ts";
import { loadCatalogue } from "./index.ts";
import { resourceOf } from "./resource.ts";

const catalogue = loadCatalogue();
const samples = sampleRequests();

test("the sample request of every method is understood as that method", () => {
  const astray = samples
    .filter(({ id }) => !handsOutTokens(id))
    .flatMap((sample) => {
      const result = catalogue.understand(sample);
      const id = result.kind === "call" ? result.call.operation.id : result.kind;
      return id === sample.id ? [] : [`${sample.id} ${sample.method} ${sample.target} → ${id}`];
    });
  expect(samples.length).toBeGreaterThan(3_000);
  expect(astray).toEqual([]);
});

test("every method that hands out or looks into tokens is refused as a token endpoint", () => {
  const tokens = samples.filter(({ id }) => handsOutTokens(id));
  expect(tokens.length).toBeGreaterThanOrEqual(6);
  for (const sample of tokens) {
    expect(catalogue.understand(sample), sample.id).toMatchObject({
      code: "token_endpoint",
    });
  }
});

test("no sample request is judged milder than its method", () => {
  const order = ["read", "write", "destructive", "privileged", "secret_read", "unknown"];
  for (const sample of samples) {
    const result = catalogue.understand(sample);
    const judged = result.kind === "call" ? result.call.operation.class : "unknown";
    expect(order.indexOf(judged), sample.id).toBeGreaterThanOrEqual(order.indexOf(sample.class));
  }
});

test("the short way to a resource's parts says the same as cutting up its name", () => {
  const differing = samples.flatMap((sample) => {
    const result = catalogue.understand(sample);
    if (result.kind !== "call") return [];
    const { resource, operation } = result.call;
    const parts = resource.name === "" ? [] : resource.name.split("/");
    const { service } = operation;
    const endsInLiteral = parts.length > 0 && resource.type === parts.at(-1);
    const cut = resourceOf(parts, { service, location: undefined, projectAside: undefined, endsInLiteral });
    return JSON.stringify(cut) === JSON.stringify(resource) ? [] : [`${sample.id} ${sample.target}`];
  });
  expect(differing).toEqual([]);
});
