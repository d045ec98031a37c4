import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openCosignerKey } from "#keys";
import { systemClock } from "#lib/clock";
import { findCosignatures, type NoteSigner, parseCosignerKey, parseVerifierKey } from "#tlog";
import { openWitness, serveWitness, type Witness, WitnessFolder, type WitnessServer } from "#witness";
import { startWorld, type World } from "./world.ts";

// A whole Gatehouse and a witness over the wire.
let world: World;
let folder: string;
let witness: WitnessServer;
let verifierKey: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-witnessed-"));
  const signer = await openCosignerKey(join(folder, "witness.pem"), "witness.example/w1");
  ({ verifierKey } = signer);
  let opened: Witness | undefined;
  // The server makes the log's key when it starts, after the witness is up.
  const later: Witness = {
    addCheckpoint: (body) => {
      opened ??= witnessOf(signer);
      return opened.addCheckpoint(body);
    },
  };
  witness = await serveWitness(later, { host: "127.0.0.1", port: 0, onFailure: () => undefined });
  world = await startWorld({ witnesses: [{ url: witness.url, verifier: verifierKey }] });
});
afterAll(async () => {
  await world.close();
  await witness.close();
  rmSync(folder, { recursive: true });
});

function witnessOf(signer: NoteSigner): Witness {
  const log = parseVerifierKey(readFileSync(join(world.data, "log.vkey"), "utf8").trim());
  return openWitness({
    signer,
    logs: log === undefined ? [] : [log],
    folder: new WitnessFolder(join(folder, "state")),
    clock: systemClock,
    onContradiction: () => undefined,
  });
}

async function served(): Promise<string> {
  return (await world.control("GET", "/api/v1/audit/checkpoint")).text;
}

/** Asks until it is so; the suite's time limit is the only clock. */
async function eventually<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await ask();
    if (found !== undefined) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("the checkpoint that everybody gets carries the witness's cosignature", async () => {
  const cosigner = parseCosignerKey(verifierKey);
  const agent = await world.agent();
  await agent.call("GET", "https://cloudresourcemanager.googleapis.com/v1/projects");
  await agent.close();
  const cosignature = await eventually(async () => {
    const note = await served();
    const finding = findCosignatures(note, cosigner === undefined ? [] : [cosigner]);
    return finding.kind === "found" ? finding.cosignatures[0] : undefined;
  });
  expect(cosignature.name).toBe("witness.example/w1");
  const auditor = await world.identityToken("auditor@example.com", "gatehouse-console");
  const { entries } = JSON.parse(
    (await world.control("GET", "/api/v1/audit/entries?kind=log.open", auditor)).text,
  ) as { entries: { stage: string }[] };
  expect(entries[0]?.stage).toBe("witnessed");
});

test("what the witness does is said where people look for the server's health", async () => {
  const ready = await world.control("GET", "/readyz");
  expect([ready.status, ready.text]).toEqual([
    200,
    expect.stringMatching(/witness.example\/w1.*has cosigned \d+/),
  ]);
});
