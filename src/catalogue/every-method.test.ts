import { expect, test } from "vitest";
import { loadCatalogue } from "./index.ts";
import { readGeneratedFiles } from "./load.ts";
import { parseTemplate } from "./template.ts";

const catalogue = loadCatalogue();
const samples = readGeneratedFiles().flatMap((file) =>
  file.operations.flatMap((row) => {
    const [method = ""] = row.http[0]?.split(" ") ?? [];
    const uploads = row.upload === undefined ? [] : [row.upload, `/resumable${row.upload}`];
    return [...row.http, ...uploads.map((path) => `${method} ${path}`)].map((route) => {
      const [verb = "", path = ""] = route.split(" ");
      return { id: row.id, host: file.service, method: verb, target: fillIn(path), class: row.class };
    });
  }),
);

/** Ids no literal of any path is spelled like. */
function fillIn(template: string): string {
  const { segments, verb } = parseTemplate(template);
  const filled = segments.map((segment, index) => {
    if (segment === "*") return `x${index}`;
    return segment === "**" ? `x${index}/y${index}` : segment;
  });
  return `/${filled.join("/")}${verb === "" ? "" : `:${verb}`}`;
}

test("the sample request of every method is understood as that method", () => {
  const astray = samples
    .filter(({ id }) => !handsOutTokens(id))
    .flatMap((sample) => {
      const result = catalogue.understand({ ...sample, headers: [] });
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
    expect(catalogue.understand({ ...sample, headers: [] }), sample.id).toMatchObject({
      code: "token_endpoint",
    });
  }
});

function handsOutTokens(id: string): boolean {
  return id.startsWith("sts.") || id === "oauth2.tokeninfo";
}

test("no sample request is judged milder than its method", () => {
  const order = ["read", "write", "destructive", "privileged", "secret_read", "unknown"];
  for (const sample of samples) {
    const result = catalogue.understand({ ...sample, headers: [] });
    const judged = result.kind === "call" ? result.call.operation.class : "unknown";
    expect(order.indexOf(judged), sample.id).toBeGreaterThanOrEqual(order.indexOf(sample.class));
  }
});
