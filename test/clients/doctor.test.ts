import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { type Stage, setStage } from "../../src/cli/local/demo/stage.ts";
import { installed } from "./installed.ts";

const known = ["gcloud", "gsutil", "bq", "terraform", "node", "python3", "go", "curl"];
const present = known.filter((client) => installed(client) !== undefined);

let stage: Stage;
beforeAll(async () => {
  stage = await setStage({ isGcloudAllowed: true });
});
afterAll(() => stage.close());

const report = z.object({
  clients: z.array(z.looseObject({ client: z.string(), works: z.boolean(), seen: z.string() })),
});

test("gatehouse doctor finds every client that is installed here, and each works through the quick start", async () => {
  const { stdout, stderr } = await stage.gatehouse("doctor", "--json");
  const { clients } = report.parse(JSON.parse(stdout));
  for (const { client, works, seen } of clients)
    process.stdout.write(`doctor: ${client}: ${works ? "works" : seen}\n`);
  expect(
    clients.map(({ client }) => client),
    stderr,
  ).toEqual(present);
  expect(clients.filter(({ works }) => !works)).toEqual([]);
});
