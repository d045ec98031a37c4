import { afterAll, beforeAll, expect, test, vi } from "vitest";
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

test("the checkpoint that everybody gets carries the witness's cosignature", async () => {
  const cosigner = parseCosignerKey(world.witnessKey);
  const agent = await world.agent();
  await agent.call("GET", "https://cloudresourcemanager.googleapis.com/v1/projects");
  await agent.close();
  const cosignature = await vi.waitFor(
    async () => {
      const finding = findCosignatures(await served(), cosigner === undefined ? [] : [cosigner]);
      const [found] = finding.kind === "found" ? finding.cosignatures : [];
      if (found === undefined) throw new Error("not cosigned yet");
      return found;
    },
    { timeout: 15_000 },
  );
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
