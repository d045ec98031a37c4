import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, test } from "vitest";
import { catalogueManifest } from "../../src/catalogue/catalogue-file.ts";
import { readGeneratedFiles } from "../../src/catalogue/load.ts";
import { findStaleDecisions } from "./counts.ts";
import { readCurated } from "./curated.ts";
import { wheelPath } from "./inputs.ts";

const here = import.meta.dirname;
const generated = join(here, "../../src/catalogue/generated");
const curated = readCurated();
const files = readGeneratedFiles();

test("every curated pattern matches exactly as many methods as it says, and every override its method", () => {
  expect(findStaleDecisions(files, curated)).toEqual([]);
});

test("a pattern that matches more than it says is reported", () => {
  const [first, ...rest] = curated.privileged;
  if (first === undefined) throw new Error("no privileged patterns");
  const slip = findStaleDecisions(files, {
    ...curated,
    privileged: [{ ...first, count: first.count + 1 }, ...rest],
  });
  expect(slip).toEqual([`privileged.tsv: ${first.pattern} says ${first.count + 1}, matches ${first.count}`]);
});

test("a pattern of an API that no input has yet waits; one of an API nobody carries is reported", () => {
  const rule = (pattern: string) => ({ pattern, isMeant: () => false, count: 1, reason: "test" });
  const downloads = [
    ...curated.downloads,
    rule("apigee.organizations.get"),
    rule("apigea.organizations.get"),
  ];
  const withoutApigee = files.filter(({ api }) => api !== "apigee");
  const slips = findStaleDecisions(withoutApigee, { ...curated, downloads });
  expect(slips.filter((slip) => slip.startsWith("downloads"))).toEqual([
    "downloads.tsv: apigea.organizations.get says 1, matches 0",
  ]);
});

test("an override of a method that is not there is reported", () => {
  const ghost = { id: "storage.objects.vanish", verb: "POST", class: "read" as const, reason: "test" };
  const overrides = new Map([...curated.overrides, ["POST storage.objects.vanish", ghost]]);
  expect(findStaleDecisions(files, { ...curated, overrides })).toEqual([
    "overrides: there is no POST storage.objects.vanish",
  ]);
});

test.each([
  ["sql.connect", "aliases.tsv: sql.connect reads like the id sql.connect.generateEphemeral"],
  [
    "cloudasset.exportAssets",
    "aliases.tsv: cloudasset.exportAssets reads like the id cloudasset.exportAssets",
  ],
  ["storage.objects.read", "aliases.tsv: storage.objects.read is not of the form service.verb"],
])("an alias that could be taken for an id is reported: %s", (alias, slip) => {
  const [first] = curated.aliases;
  if (first === undefined) throw new Error("no aliases");
  expect(
    findStaleDecisions(files, { ...curated, aliases: [...curated.aliases, { ...first, alias }] }),
  ).toContain(slip);
});

test("the manifest names every generated file, with its digest", () => {
  const manifest = catalogueManifest.parse(
    JSON.parse(readFileSync(join(generated, "manifest.json"), "utf8")),
  );
  const names = manifest.files.map(({ file }) => file);
  const present = readdirSync(generated, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(generated, join(entry.parentPath, entry.name)));
  expect([...names, "manifest.json"].sort()).toEqual(present.sort());
  for (const { file, sha256 } of manifest.files) {
    expect(
      createHash("sha256")
        .update(readFileSync(join(generated, file)))
        .digest("hex"),
      file,
    ).toBe(sha256);
  }
});

test("no path had to be guessed", () => {
  const guessed = files.flatMap(({ operations }) => operations.filter(({ isApproximate }) => isApproximate));
  expect(guessed.map(({ id }) => id)).toEqual([]);
});

const hasInputs = existsSync(join(here, "node_modules/googleapis")) && existsSync(wheelPath);
const reason = hasInputs ? "" : " (skipped: run `npm run catalogue:check` once, which fetches them)";

test.skipIf(!hasInputs)(
  `the committed files are what their inputs give${reason}`,
  () => {
    const run = spawnSync(process.execPath, [join(here, "generate.ts"), "--check"], { encoding: "utf8" });
    expect(run.stderr).toBe("");
    expect(run.status).toBe(0);
    // All of Google's API versions are read anew, from 350 MB: ten seconds of a core that may be shared.
  },
  180_000,
);
