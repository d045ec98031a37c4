import { afterAll, beforeAll, expect, test } from "vitest";
import { type Stage, setStage } from "../../src/cli/local/demo/stage.ts";
import { takeStep, tour } from "../../src/cli/local/demo/tour.ts";

// The tour as `gatehouse demo --no-gcloud` takes it: a story, step after step on one Gatehouse.
let stage: Stage;
beforeAll(async () => {
  stage = await setStage({ isGcloudAllowed: false });
}, 60_000);
afterAll(() => stage.close());

test.for(tour.map((step) => [`${step.step}: ${step.expected}`, step] as const))(
  "%s",
  { timeout: 60_000 },
  async ([, step]) => {
    expect(await takeStep(step, stage)).toMatchObject({ ok: true });
  },
);
