import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { describeSource, obtainDiscovery, parseRequirement, pinned, verifyPinned } from "./inputs.ts";
import { readVersion } from "./read-version.ts";

const hash = "0123456789abcdef".repeat(4);

test.each([
  "",
  "some-wheel==1.0\n",
  "some-wheel>=1.0 --hash=sha256:0123\n",
  `some-wheel==1.0 --hash=md5:${hash}\n`,
  `some-wheel==1.0 --hash=sha256:${hash} --hash=sha256:${hash}\n`,
  `some-wheel==1.0 --hash=sha256:${hash}\nother==1.0 --hash=sha256:${hash}\n`,
])("a requirement that is not one version of one wheel with one hash is refused: %j", (text) => {
  expect(() => parseRequirement(text)).toThrow("not one wheel with its SHA-256");
});

test("a requirement gives the name, the version and the digest", () => {
  expect(parseRequirement(`some-wheel==1.0 --hash=sha256:${hash}\n`)).toEqual({
    name: "some-wheel",
    version: "1.0",
    digest: hash,
  });
});

test("a wheel with another digest than the pinned one is refused", () => {
  const source = { names: new Set<string>(), read: () => "" };
  expect(() => verifyPinned({ ...source, digest: hash })).toThrow(
    "is not the wheel that requirements.txt names",
  );
  expect(verifyPinned({ ...source, digest: pinned.digest }).digest).toBe(pinned.digest);
});

test("the manifest names the pinned wheel only when its digest is the pinned one", () => {
  const source = { names: new Set<string>(), read: () => "" };
  expect(describeSource({ ...source, digest: pinned.digest })).toEqual({
    "google-api-python-client": `${pinned.version} sha256:${pinned.digest}`,
  });
  expect(describeSource({ ...source, digest: hash })).toEqual({ "discovery documents": `sha256:${hash}` });
});

test("a version that no source has stops the generator; one that only Discovery has is read", () => {
  const folder = mkdtempSync(join(tmpdir(), "inputs-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const document = {
    name: "toy",
    version: "v1",
    revision: "1",
    rootUrl: "https://toy.googleapis.com/",
    servicePath: "",
    methods: { list: { id: "toy.list", httpMethod: "GET", path: "v1/toys" } },
  };
  writeFileSync(join(folder, "toy.v1.json"), JSON.stringify(document));
  const sources = { packageFolder: folder, discovery: obtainDiscovery(folder) };
  expect(() => readVersion(sources, "toy", "v2")).toThrow("toy v2 is neither in the package nor among");
  const read = readVersion(sources, "toy", "v1");
  expect(read.description.methods.map(({ id }) => id)).toEqual(["toy.list"]);
  expect(read.comparison).toBeUndefined();
});
