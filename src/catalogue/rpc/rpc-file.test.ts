import { expect, test } from "vitest";
import { readGeneratedFiles, readRpcFiles } from "../load.ts";
import { parseResourceNames } from "./resource-name.ts";
import { parseRpcFile, printRpcFile } from "./rpc-file.ts";
import { parseCells, parseMark } from "./wire-shapes.ts";

const head = '{"service":"x.googleapis.com","slashes":[],"reasons":["GET reads"]}';

test.each([
  ["a head with a member nobody knows", '{"service":"x","slashes":[],"reasons":[],"more":1}\n'],
  ["no head", "a.B\n"],
  ["an rpc of no service", `${head}\nGet\t-\t1\n`],
  ["a service twice", `${head}\na.B\na.B\n`],
  ["a service with a slash", `${head}\na.B/C\n`],
  ["a cell nobody knows", `${head}\na.B\nGet\t-\t1\tsecret=a.C\n`],
  ["a cell without a value", `${head}\na.B\nGet\t-\t1\trequest=\n`],
  ["a cell twice", `${head}\na.B\nGet\t-\t1\trequest=a.C\trequest=a.D\n`],
  ["a class nobody knows", `${head}\na.B\nGet\t-\t1\tclass=harmless,0\n`],
  ["a reason that is not there", `${head}\na.B\nGet\t-\t1\tclass=read,1\n`],
  ["a flag nobody knows", `${head}\na.B\nGet\t-\t1\tclass=read,0\tflags=fun\n`],
  ["a stream nobody knows", `${head}\na.B\nGet\t-\t1\tstreams=yes\n`],
  ["a resource that is no name", `${head}\na.B\nGet\t-\tname\n`],
  ["a method that is no name", `${head}\na.B\nGet x\t-\t1\n`],
  ["no operation", `${head}\na.B\nGet\t\t1\n`],
  ["a message without fields", `${head}\na.B\nGet\t-\t1\n\na.C\t\n`],
  ["a message with a third cell", `${head}\na.B\nGet\t-\t1\n\na.C\t1=!\t2=!\n`],
])("a committed file with %s is refused", (_, text) => {
  expect(() => parseRpcFile(text)).toThrow();
});

test.each(["1", "=!", "1=", "x=!", "1=[!", "1=a b", "1=$"])('the cell "%s" is refused', (cells) => {
  expect(() => parseCells(cells)).toThrow();
});

const files = readRpcFiles();

test("what is committed reads back as it was written", () => {
  for (const file of files) expect(parseRpcFile(printRpcFile(file))).toEqual(file);
});

test("every rpc is an operation that is in the catalogue, and every name of a resource can be read", () => {
  const ids = new Set(
    readGeneratedFiles().flatMap(({ service, operations }) => operations.map(({ id }) => `${service} ${id}`)),
  );
  const lost = files.flatMap(({ service, services }) =>
    [...services].flatMap(([name, rpcs]) =>
      rpcs
        .filter(({ own, operation, method }) => {
          return own === undefined && !ids.has(`${service} ${operation ?? `${name}/${method}`}`);
        })
        .map(({ method }) => `${name}/${method}`),
    ),
  );
  expect(lost).toEqual([]);
  for (const { services } of files) {
    for (const { resources } of [...services.values()].flat()) parseResourceNames(resources);
  }
});

test("every message an rpc or another message leads to is there", () => {
  for (const { service, services, secrets } of files) {
    const referred = [...services.values()].flat().flatMap(({ request, response }) => [request, response]);
    const children = [...secrets.values()].flatMap((cells) =>
      parseCells(cells)
        .map(({ code }) => code.replace(/^\[(.+)\]$/, "$1"))
        .filter((code) => code !== "@" && parseMark(code) === undefined),
    );
    // Services that every host serves use the messages of the host they are asked on.
    const missing = [...(service === "*" ? [] : referred), ...children].filter(
      (name) => name !== undefined && !secrets.has(name),
    );
    expect(missing, service).toEqual([]);
  }
});

test("the default hosts of services that every host serves are no APIs", () => {
  const hosts = files.map(({ service }) => service);
  expect(hosts).toContain("*");
  for (const host of ["longrunning", "iam-meta-api", "cloud"])
    expect(hosts).not.toContain(`${host}.googleapis.com`);
});
