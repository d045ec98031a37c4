import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { gatehouse, type Said } from "../fakes/whole-command-line.ts";
import { entries } from "./log-entries.ts";
import { startWorld, type World } from "./world.ts";

// An auditor checks a log in all the places where it can be found, and somebody has been there before.
let world: World;
beforeAll(async () => {
  world = await startWorld();
  const agent = await world.agent();
  await agent.call("GET", "https://cloudresourcemanager.googleapis.com/v1/projects");
  await agent.close();
}, 60_000);
afterAll(() => world.close());

const run = (...words: string[]): Promise<Said> => gatehouse(world.quickStart.server.controlUrl, ...words);
const asAuditor = ["--as", "auditor@example.com"];
const json = (said: Said): unknown => JSON.parse(said.out);
const place = (name: string): string => join(world.folder, name);

test("whoever is not an auditor exports nothing through the server, and the attempt is on record", async () => {
  const said = await run("audit", "export", "--tiles", place("theirs"), "--as", "developer@example.com");
  expect(said.status).toBe(1);
  expect(existsSync(join(place("theirs"), "tile"))).toBe(false);
  expect((await entries(world.data)).at(-1)?.kind).toBe("audit.read_denied");
});

test("a running server's log verifies, is exported on record, and the copy verifies without it", async () => {
  const live = await run("audit", "verify", "--json", ...asAuditor);
  expect([live.status, json(live)]).toMatchObject([0, { source: "server", kind: "verified" }]);
  expect((await entries(world.data)).at(-1)?.kind).toBe("audit.export");

  const exported = await run("audit", "export", "--tiles", place("served"), ...asAuditor);
  expect([exported.err, exported.status]).toEqual(["", 0]);
  const copy = await run("audit", "verify", place("served"), "--key", join(world.data, "log.vkey"), "--json");
  expect([copy.status, json(copy)]).toMatchObject([0, { source: "tiles", kind: "verified" }]);
});

test("a data folder is exported beside the running server without a sign-in, and both verify", async () => {
  expect(await run("audit", "export", world.data, "--tiles", place("copied"))).toMatchObject({ status: 0 });
  expect(await run("audit", "verify", place("copied"))).toMatchObject({ status: 0 });
  const stored = await run("audit", "verify", world.data, "--json");
  expect([stored.status, json(stored)]).toMatchObject([0, { source: "data folder", kind: "verified" }]);
});

test("a folder that is not empty takes no export", async () => {
  mkdirSync(place("full"));
  writeFileSync(join(place("full"), "a"), "");
  const said = await run("audit", "export", world.data, "--tiles", place("full"));
  expect([said.status, said.err]).toEqual([1, expect.stringContaining("is not empty")]);
});

test("an exported folder with one byte changed is not verified, and the entry is named", async () => {
  cpSync(place("copied"), place("changed"), { recursive: true });
  const partial = join(place("changed"), "tile/entries/000.p");
  const [width = ""] = readFileSync(join(place("changed"), "checkpoint"), "utf8")
    .split("\n")
    .slice(1, 2);
  const bundle = readFileSync(join(partial, width));
  const third = bundle.indexOf('"kind"', bundle.indexOf('"kind"', bundle.indexOf('"kind"') + 1) + 1);
  bundle.writeUInt8(bundle.readUInt8(third + 9) ^ 1, third + 9);
  writeFileSync(join(partial, width), bundle);
  const said = await run("audit", "verify", place("changed"));
  expect([said.status, said.out]).toEqual([7, expect.stringMatching(/^NOT VERIFIED at entry 2: /)]);
});

test("a checkpoint kept earlier shows a log that was cut; without it, and with another's key, the verdicts are honest", async () => {
  const kept = join(world.folder, "kept.checkpoint");
  const before = place("copied");
  const agent = await world.agent();
  await agent.call("GET", "https://cloudresourcemanager.googleapis.com/v1/projects");
  await agent.close();
  await expect
    .poll(async () => {
      writeFileSync(kept, (await world.control("GET", "/api/v1/audit/checkpoint")).text);
      return Number(readFileSync(kept, "utf8").split("\n")[1]);
    })
    .toBeGreaterThan(Number(readFileSync(join(before, "checkpoint"), "utf8").split("\n")[1]));
  const cut = await run("audit", "verify", before, "--pinned", kept, "--json");
  expect([cut.status, json(cut)]).toMatchObject([7, { kind: "broken" }]);
  expect(await run("audit", "verify", world.data, "--pinned", kept)).toMatchObject({ status: 0 });
  // A forged checkpoint beside a good one that is longer.
  const forged = join(world.folder, "forged.checkpoint");
  writeFileSync(forged, readFileSync(kept, "utf8").replace(/\n\d+\n/, "\n1\n"));
  const both = ["--pinned", forged, "--against", before];
  expect(await run("audit", "verify", world.data, ...both)).toMatchObject({ status: 7 });
  const foreign = readFileSync(join(world.data, "log.vkey"), "utf8").replace(/\+[0-9a-f]{8}\+/, "+00000000+");
  expect(await run("audit", "verify", before, "--key", foreign)).toMatchObject({ status: 1 });
});

test("what cannot be checked is not called broken", async () => {
  rmSync(place("theirs"), { recursive: true, force: true });
  expect((await run("audit", "verify", place("theirs"))).status).toBe(1);
  expect((await gatehouse("http://127.0.0.1:1", "audit", "verify")).status).toBe(6);
});
