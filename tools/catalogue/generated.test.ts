import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { expect, test } from "vitest";
import { catalogueManifest } from "../../src/catalogue/catalogue-file.ts";
import { readGeneratedFiles, readRpcFiles } from "../../src/catalogue/load.ts";
import { findStaleDecisions } from "./counts.ts";
import { readCurated } from "./curated.ts";
import { wheelPath } from "./inputs.ts";
import { unroutedIn } from "./protos/rpc-files.ts";

const here = import.meta.dirname;
const generated = join(here, "../../src/catalogue/generated");
const curated = readCurated();
const files = readGeneratedFiles();
const rpcFiles = readRpcFiles();
const unroutedIds = rpcFiles.flatMap(unroutedIn);

test("every curated pattern matches exactly as many methods as it says, and every override its method", () => {
  expect(findStaleDecisions(files, curated, unroutedIds)).toEqual([]);
});

test("a pattern that matches more than it says is reported", () => {
  const [first, ...rest] = curated.privileged;
  if (first === undefined) throw new Error("no privileged patterns");
  const slip = findStaleDecisions(
    files,
    { ...curated, privileged: [{ ...first, count: first.count + 1 }, ...rest] },
    unroutedIds,
  );
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
  const slips = findStaleDecisions(withoutApigee, { ...curated, downloads }, unroutedIds);
  expect(slips.filter((slip) => slip.startsWith("downloads"))).toEqual([
    "downloads.tsv: apigea.organizations.get says 1, matches 0",
  ]);
});

test("an override of a method that is not there is reported", () => {
  const ghost = { id: "storage.objects.vanish", verb: "POST", class: "read" as const, reason: "test" };
  const overrides = new Map([...curated.overrides, ["POST storage.objects.vanish", ghost]]);
  expect(findStaleDecisions(files, { ...curated, overrides }, unroutedIds)).toEqual([
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
    findStaleDecisions(
      files,
      { ...curated, aliases: [...curated.aliases, { ...first, alias }] },
      unroutedIds,
    ),
  ).toContain(slip);
});

test("the manifest names every generated file, with its digest", () => {
  const manifest = catalogueManifest.parse(
    JSON.parse(readFileSync(join(generated, "manifest.json"), "utf8")),
  );
  const named = [...manifest.files, ...manifest.rpcFiles];
  const names = named.map(({ file }) => file);
  const present = readdirSync(generated, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(generated, join(entry.parentPath, entry.name)));
  expect([...names, "manifest.json"].sort()).toEqual(present.sort());
  for (const { file, sha256 } of named) {
    expect(
      createHash("sha256")
        .update(readFileSync(join(generated, file)))
        .digest("hex"),
      file,
    ).toBe(sha256);
  }
});

test("as many rpcs are committed as the manifest counts, and no fewer than Google Cloud had when this was written", () => {
  const { rpcFiles: listed, counts } = catalogueManifest.parse(
    JSON.parse(readFileSync(join(generated, "manifest.json"), "utf8")),
  );
  const rows = rpcFiles.map(({ services }) => [...services.values()].flat());
  expect(rows.map(({ length }) => length)).toEqual(listed.map(({ rpcs }) => rpcs));
  const joined = rows.flat().filter(({ operation }) => operation !== undefined);
  expect(counts).toMatchObject({
    rpcServices: rpcFiles.flatMap(({ services }) => [...services.keys()]).length,
    rpcs: rows.flat().length,
    rpcsJoined: joined.length,
    rpcsOfTheirOwn: rows.flat().length - joined.length,
    rpcHosts: rpcFiles.length - 1,
  });
  expect(rows.flat().length).toBeGreaterThanOrEqual(11_273);
  expect(joined.length).toBeGreaterThanOrEqual(9_200);
});

test("no rpc that takes away, grants or hands out secrets is classed as a read, by name", () => {
  const suspicious =
    /\/(?:Delete|Destroy|Remove|Set|Disable|Enable|Create|Insert|Update|Access|Sign|Import|Restore|Revoke|Grant)[A-Z]?\w*$/;
  const own = rpcFiles.flatMap(({ services }) =>
    [...services].flatMap(([service, rpcs]) =>
      rpcs.map(({ method, own: verdict }) => ({ id: `${service}/${method}`, class: verdict?.class })),
    ),
  );
  const named = [...files.flatMap(({ operations }) => operations), ...own].filter(({ id }) =>
    suspicious.test(id),
  );
  expect(named.length).toBeGreaterThan(500);
  const reads = named.filter((row) => row.class === "read").map(({ id }) => id);
  // A session of reading makes nothing that stays.
  expect(reads.filter((id) => !id.endsWith("/CreateReadSession"))).toEqual([]);
});

test("all that is committed takes less than a megabyte compressed", () => {
  const bytes = readdirSync(generated, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => brotliCompressSync(readFileSync(join(entry.parentPath, entry.name)), brotli).length)
    .reduce((sum, length) => sum + length, 0);
  expect(bytes).toBeLessThan(1024 * 1024);
});

/** Each file by itself and not as well as could be: an upper bound, in a second. */
const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

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
