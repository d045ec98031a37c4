import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { configurationJsonSchema } from "./json-schema.ts";
import { parseConfiguration } from "./load.ts";
import { printConfiguration } from "./print.ts";

const read = (path: string): string => readFileSync(new URL(`../../docs/${path}`, import.meta.url), "utf8");

test("the schema for editors is the one of this version; `npm run config:schema` brings it up to date", () => {
  expect(JSON.parse(read("gatehouse.schema.json"))).toEqual(configurationJsonSchema());
});

test("the schema for editors refuses unknown keys everywhere, as the server does", () => {
  const open: string[] = [];
  const look = (node: unknown, path: string): void => {
    if (typeof node !== "object" || node === null) return;
    if ("properties" in node && (!("additionalProperties" in node) || node.additionalProperties !== false))
      open.push(path);
    for (const [name, inner] of Object.entries(node)) look(inner, `${path}/${name}`);
  };
  look(configurationJsonSchema(), "");
  expect(open).toEqual([]);
});

test("what is printed is what is in force, defaults included, and reads as the same configuration again", () => {
  const configuration = parseConfiguration("gatehouse.yaml", read("examples/gatehouse.yaml"));
  const { yaml } = printConfiguration(configuration);
  expect(yaml).toContain("groups_attribute: groups");
  expect(parseConfiguration("printed", yaml)).toEqual(configuration);
});

test("what is named like a secret is not printed", () => {
  const configuration = parseConfiguration("gatehouse.yaml", read("examples/gatehouse.yaml"));
  const odd = Object.assign(structuredClone(configuration), {
    introspection: [{ client_secret: "hunter2" }],
  });
  const { yaml } = printConfiguration(odd);
  expect([yaml.includes("hunter2"), yaml.includes('client_secret: "[hidden]"')]).toEqual([false, true]);
});
