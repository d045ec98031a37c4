import { once } from "node:events";
import { expect, test } from "vitest";
import { openDatabase } from "../../src/storage/sqlite/index.ts";
import { crashLogs, crashRounds, killAtRandom, random, startGateway } from "./kills.ts";
import { databaseIn, factsIn, openLogIn } from "./log-in-folder.ts";
import { recordingUpstream } from "./recording-upstream.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const story =
  "whatever was sent is on record, and the log verifies, after each of $rounds kills (seed $seed)";
test.for(crashLogs(crashRounds(12)))(story, { timeout: 1_500_000 }, async ({ rounds, seed }) => {
  const folder = temporaryFolder();
  const upstream = await recordingUpstream();
  const draw = random(seed);
  let pinned: string | undefined;
  let sizes: readonly number[] = [];
  const everUnfinished = new Set<string>();
  await (await openLogIn(folder)).close();

  for (let round = 0; round < rounds; round += 1) {
    await killAtRandom(startGateway(folder, upstream, 1 + Math.floor(draw() * 16)), upstream, draw);

    const crashed = await factsIn(folder, pinned);
    expect(crashed.verification, `round ${round}`).toMatchObject({ kind: "verified" });
    expect(upstream.received.filter((id) => !crashed.intents.has(id))).toEqual([]);
    expect(crashed.checkpointSizes.slice(0, sizes.length)).toEqual(sizes);
    for (const id of crashed.unfinished) everUnfinished.add(id);

    await (await openLogIn(folder)).close();
    const restarted = await factsIn(folder, crashed.newestCheckpoint);
    expect(restarted.verification, `round ${round}`).toMatchObject({ kind: "verified" });
    expect(restarted.unfinished).toEqual([]);
    expect([...restarted.unknown].sort()).toEqual([...everUnfinished].sort());
    expect(restarted.checkpointSizes.at(-1)).toBe(restarted.entries);
    pinned = restarted.newestCheckpoint;
    sizes = restarted.checkpointSizes;
  }

  // A run in which nothing was sent, or nothing was left unfinished, would have proven nothing.
  expect(upstream.received.length).toBeGreaterThan(rounds);
  expect(everUnfinished.size).toBeGreaterThan(0);
  console.log(
    `${upstream.received.length} sent, ${everUnfinished.size} left unfinished over ${rounds} kills`,
  );
  await upstream.close();
});

test("a second process on the same data folder is refused, told which folder, and the first one goes on", async () => {
  const folder = temporaryFolder();
  const upstream = await recordingUpstream();
  const gateway = startGateway(folder, upstream, 1);
  await new Promise<void>((resolve) => {
    upstream.onReceived = resolve;
  });
  const second = openDatabase(databaseIn(folder));
  await expect(second).rejects.toMatchObject({ code: "data_folder_in_use" });
  await expect(second).rejects.toThrow(folder);
  const before = upstream.received.length;
  await new Promise<void>((resolve) => {
    upstream.onReceived = () => upstream.received.length > before && resolve();
  });
  gateway.kill("SIGKILL");
  await once(gateway, "exit");
  await (await openDatabase(databaseIn(folder))).close();
  await upstream.close();
});
