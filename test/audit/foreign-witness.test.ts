import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { systemClock } from "#lib/clock";
import { createEgress } from "#lib/egress";
import { systemTimer } from "#lib/timer";
import {
  findCosignatures,
  hashLeaf,
  parseCosignerKey,
  parseVerifierKey,
  proveConsistency,
  signCheckpoint,
  subtreesOf,
} from "#tlog";
import {
  openWitness,
  openWitnessing,
  postCheckpoint,
  serveWitness,
  type WitnessedLog,
  WitnessFolder,
} from "#witness";
import { newCosigner, newLogSigner } from "../fakes/log-signer.ts";
import { memoryCosignatureStore } from "../fakes/memory-cosignature-store.ts";
import { buildGoVerifier } from "./foreign-tools.ts";
import { buildForeignWitness, goSaysCosigned } from "./foreign-witness.ts";
import { temporaryFolder } from "./log-under-test.ts";

// The witness protocol with the other side written by others, in both directions.
const go = buildGoVerifier();
const foreign = buildForeignWitness();
const missing = go.missing ?? foreign.missing;
if (missing !== undefined) console.log(`skipped: witnesses nobody here wrote: ${missing}`);
const said: string[] = [];
afterAll(() => {
  go.close();
  foreign.close();
  if (said.length > 0) console.log(["", "witnesses nobody here wrote", ...said].join("\n"));
});

const origin = "gateway.example/audit";
const logKey = newLogSigner(origin);

/** A log of so many entries; those from `fork` on are others. */
function treeOf(size: number, fork = size) {
  const leaves = Array.from({ length: size }, (_, n) => hashLeaf(Buffer.from(n < fork ? `${n}` : `${n}!`)));
  const subtrees = subtreesOf(leaves);
  return {
    checkpoint: signCheckpoint({ origin, size, root: subtrees(0, size) }, logKey),
    proof: (oldSize: number) => proveConsistency(subtrees, { oldSize, size }),
  };
}

test.skipIf(missing !== undefined)(
  "transparency-dev's witness cosigns our log as it grows, and says no to a fork; Go accepts what it signed",
  async () => {
    const { url, verifierKey } = await foreign.serve("witness.example/foreign", logKey.verifierKey);
    const cosigner = parseCosignerKey(verifierKey);
    if (cosigner === undefined) throw new Error(`${verifierKey} is no cosigner's key`);
    let tree = treeOf(1);
    const log: WitnessedLog = {
      checkpoint: async () => tree.checkpoint,
      consistency: async (oldSize) => ({ checkpoint: tree.checkpoint, proof: tree.proof(oldSize) }),
    };
    const egress = createEgress({ allowLoopback: true });
    const store = memoryCosignatureStore();
    const refusals: string[] = [];
    const witnessing = await openWitnessing({
      witnesses: [{ cosigner, verifierKey, url: new URL(url) }],
      log,
      store,
      post: postCheckpoint(egress),
      clock: systemClock,
      timer: systemTimer,
      onRefused: ({ why }) => void refusals.push(why),
      onChange: () => undefined,
    });
    for (const size of [1, 2, 3, 64, 100, 257]) {
      tree = treeOf(size);
      await witnessing.look();
      const note = tree.checkpoint + (await store.of(size)).map(({ line }) => line).join("");
      expect(findCosignatures(note, [cosigner])).toMatchObject({ cosignatures: [{ name: cosigner.name }] });
      expect(await goVerdict(note, verifierKey)).toBe("ok");
    }
    said.push(`  transparency-dev's witness, our log of 1 to 257 entries   cosigned, accepted by Go's note`);
    tree = treeOf(300, 200);
    await witnessing.look();
    expect(refusals).toEqual([expect.stringMatching(/does not continue/)]);
    said.push(`  transparency-dev's witness, our log forked at 200        ${refusals[0]}`);
    await witnessing.close();
    await egress.close();
  },
);

test.skipIf(missing !== undefined)(
  "our witness cosigns for transparency-dev's client what Go accepts, and says stale and forked in its words",
  async () => {
    const signer = newCosigner();
    const verifier = parseVerifierKey(logKey.verifierKey);
    const state = mkdtempSync(join(tmpdir(), "gatehouse-witness-"));
    const server = await serveWitness(
      openWitness({
        signer,
        logs: verifier === undefined ? [] : [verifier],
        folder: new WitnessFolder(state),
        clock: systemClock,
        onContradiction: () => undefined,
        onProofRefused: () => undefined,
      }),
      { host: "127.0.0.1", port: 0, onFailure: () => undefined },
    );
    const feed = (oldSize: number, size: number, fork?: number) => {
      const tree = treeOf(size, fork);
      const proof = tree.proof(oldSize).map((hash) => Buffer.from(hash).toString("base64"));
      return foreign.feed(server.url, { oldSize, proof, checkpoint: tree.checkpoint });
    };
    let old = 0;
    for (const size of [1, 5, 64, 257]) {
      const lines = await feed(old, size);
      expect(lines).toMatch(/^— witness\.example\/w1 \S+\n$/);
      expect(await goVerdict(treeOf(size).checkpoint + lines, signer.verifierKey)).toBe("ok");
      old = size;
    }
    said.push("  our witness, transparency-dev's client, 1 to 257 entries cosigned, accepted by Go's note");
    const stale = await feed(64, 300);
    const forked = await feed(257, 300, 200);
    expect([stale, forked]).toEqual(["FAILED: stale: it knows 257\n", "FAILED: consistency proof invalid\n"]);
    said.push(`  our witness, asked from an old size                      ${stale.trim()}`);
    said.push(`  our witness, a fork                                      ${forked.trim()}`);
    await server.close();
    rmSync(state, { recursive: true });
  },
);

async function goVerdict(note: string, verifierKey: string): Promise<string> {
  const folder = temporaryFolder();
  const files = {
    logKey: join(folder, "log.vkey"),
    checkpoint: join(folder, "checkpoint"),
    witnessKey: join(folder, "witness.vkey"),
  };
  writeFileSync(files.logKey, logKey.verifierKey);
  writeFileSync(files.checkpoint, note);
  writeFileSync(files.witnessKey, verifierKey);
  return goSaysCosigned(go, files);
}
