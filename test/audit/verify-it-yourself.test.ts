import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLogKey } from "#keys";
import { startWitnessedWorld, type WitnessedWorld } from "../scenarios/witnessed-world.ts";
import { newFolder } from "./log-under-test.ts";
import { type Block, blocksOf, type Ran, runBlock } from "./page.ts";
import { changed, leavesOf, replaceLeaves } from "./tile-folder.ts";

const root = resolve(import.meta.dirname, "../..");
const blocks = blocksOf(join(root, "docs/verify-it-yourself.md"));

/** What a section needs beyond bash and coreutils, and what it must say about a sound log. */
const sections: Readonly<Record<string, { tools: readonly string[]; says: RegExp }>> = {
  "0. What you need, and from whom": { tools: ["curl"], says: /^/ },
  "1. The checkpoint's signature: openssl": { tools: ["openssl"], says: /Signature Verified Successfully/ },
  "2. Every entry: Python": { tools: ["python3"], says: /as signed|log\.open|entries\.jsonl/ },
  "3. Every tile: Tessera's fsck": { tools: ["go"], says: /Successfully fsck'd log/ },
  "4. Proofs of inclusion and consistency: Go's own transparency log": {
    tools: ["go"],
    says: /verified: \d+ entries, \d+ inclusion proofs, 1 older checkpoints/,
  },
  "5. The same with our command": { tools: [], says: /Verified: .*\n[\s\S]*pinned +contained/ },
  "6. One entry alone": {
    tools: ["go"],
    says: /Entry 1 of \d+ is proven|verified: entry 1 of \d+: \{[\s\S]*Verified: entry 1 of gatehouse\.local\/audit|Proven in session\.proofs: 301 entries[\s\S]*verified: entry \d+ of \d+: \{[\s\S]*does not show/,
  },
  "7. A witness: somebody else who saw the log": {
    tools: ["curl", "openssl", "go"],
    says: /Signature Verified Successfully|verified: witness\.example\/w1 saw \d+ entries at|witnessed +by witness\.example\/w1/,
  },
};

function missingTool({ section }: Block): string | undefined {
  const tools = ["bash", ...(sections[section]?.tools ?? [])];
  return tools.find((tool) => spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0);
}

let world: WitnessedWorld;
let home: string;
let environment: NodeJS.ProcessEnv;
beforeAll(async () => {
  world = await startWitnessedWorld();
  home = newFolder();
  const bin = join(home, "bin");
  mkdirSync(bin);
  const shim = `#!/bin/sh\nexec "${process.execPath}" "${join(root, "bin/gatehouse.mjs")}" "$@"\n`;
  writeFileSync(join(bin, "gatehouse"), shim);
  chmodSync(join(bin, "gatehouse"), 0o755);
  // The key comes from elsewhere: not from the evidence.
  cpSync(join(world.data, "log.vkey"), join(home, "log.vkey"));
  writeFileSync(join(home, "witness.vkey"), `${world.witnessKey}\n`);
  environment = {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env["PATH"]}`,
    GATEHOUSE_URL: world.quickStart.server.controlUrl,
    GATEHOUSE_SOURCE: root,
    GOFLAGS: "-buildvcs=false",
  };
}, 60_000);
afterAll(async () => {
  await world.close();
  rmSync(home, { recursive: true });
});

async function recordSomething(): Promise<void> {
  const agent = await world.agent();
  for (let n = 0; n < 150; n += 1) {
    await agent.call("GET", "https://cloudresourcemanager.googleapis.com/v1/projects");
  }
  await agent.close();
}

test("every section of the page is known here, so that none goes unread", () => {
  expect(new Set(blocks.map(({ section }) => section))).toEqual(new Set(Object.keys(sections)));
});

let reader = "";
for (const [number, block] of blocks.entries()) {
  const missing = missingTool(block);
  if (missing !== undefined)
    console.log(`skipped: ${block.section}: ${missing} is not installed on this machine`);
  test.skipIf(missing !== undefined)(`block ${number + 1}, ${block.section}`, async ({ skip }) => {
    if (number === 1) await recordSomething();
    const ran = await runBlock(block.commands, reader === "" ? home : reader, environment);
    skipWithoutModules(block, ran, skip);
    console.log(`${block.section}\n${ran.said.trimEnd()}`);
    expect([ran.status, ran.said]).toEqual([0, expect.stringMatching(sections[block.section]?.says ?? /^/)]);
    reader = ran.folder;
  });
}

/** Go without a way to its modules can judge nothing; that is this machine's, not the log's. */
function skipWithoutModules(block: Block, ran: Ran, skip: () => void): void {
  const isUnreachable =
    /dial tcp|no such host|connection refused|i\/o timeout|proxyconnect|requires go >=/.test(ran.said);
  if (ran.status === 0 || !isUnreachable || sections[block.section]?.tools.includes("go") !== true) return;
  console.log(`skipped: ${block.section}: Go cannot fetch the modules here: ${ran.said.split("\n")[0]}`);
  skip();
}

const proofCheck = blocks.findLast(({ section }) => section.startsWith("6."));
test.skipIf(proofCheck === undefined || missingTool(proofCheck) !== undefined)(
  "a proof with one character of its entry, its place or its hashes changed fails wherever it is checked",
  async () => {
    const [file, vkey] = [join(reader, "entry.tlog-proof"), join(home, "log.vkey")];
    const sound = readFileSync(file, "utf8");
    for (const place of [/^(extra .{20})(.)/m, /^(index )(1)$/m, /^(index 1\n.{5})(.)/m]) {
      const spoiled = sound.replace(place, (_, before: string, one: string) => before + anotherOf(one));
      expect(spoiled).not.toBe(sound);
      writeFileSync(file, spoiled);
      for (const command of [
        `./verifier proof "${vkey}" entry.tlog-proof`,
        `gatehouse audit verify --proof entry.tlog-proof --key "${vkey}"`,
      ]) {
        const { status, said } = await runBlock(command, reader, environment);
        expect([status === 0, said]).toEqual([false, expect.stringMatching(/FAILED|NOT VERIFIED/)]);
      }
    }
  },
);

test("with one byte of one entry changed, every check of the entries on the page fails, and the signature still holds", async () => {
  const evidence = join(home, "evidence");
  const leaves = leavesOf(evidence);
  leaves.splice(7, 1, changed(leaves[7] ?? new Uint8Array()));
  replaceLeaves(evidence, leaves, await openLogKey(join(world.data, "keys/log.pem"), readOrigin(evidence)));
  for (const block of blocks) {
    const isOfEntries = /^[1-5]\./.test(block.section) && !block.commands.startsWith("wc");
    if (!isOfEntries || missingTool(block) !== undefined) continue;
    const ran = await runBlock(block.commands, evidence, environment);
    const isSignature = block.section.startsWith("1.");
    expect([block.section, ran.status === 0, ran.said]).toEqual([
      block.section,
      isSignature,
      expect.any(String),
    ]);
  }
});

function readOrigin(folder: string): string {
  return readFileSync(join(folder, "checkpoint"), "utf8").split("\n")[0] ?? "";
}

/** Another digit or letter: still the same kind of line. */
function anotherOf(character: string): string {
  if (character === "1") return "2";
  return character === "A" ? "B" : "A";
}
