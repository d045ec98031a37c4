import { afterAll, beforeAll, expect, test } from "vitest";
import { findCosignatures, parseCosignerKey } from "#tlog";
import { startWitnessedWorld, type WitnessedWorld } from "./witnessed-world.ts";

let world: WitnessedWorld;
beforeAll(async () => {
  world = await startWitnessedWorld();
});
afterAll(() => world.close());

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
  const cosigner = parseCosignerKey(world.witnessKey);
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
