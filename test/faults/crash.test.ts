import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../src/storage/sqlite/index.ts";
import { databaseIn, factsIn, openLogIn } from "./log-in-folder.ts";
import { type RecordingUpstream, recordingUpstream } from "./recording-upstream.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const child = fileURLToPath(new URL("./gateway-child.ts", import.meta.url));
const rounds = Number(process.env["CRASH_ROUNDS"] ?? 12);
const seed = Number(process.env["CRASH_SEED"] ?? 20_261_124);

/** Mulberry32: small, seeded, and good enough to choose moments. */
function random(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function startGateway(folder: string, upstream: RecordingUpstream, atOnce: number): ChildProcess {
  const gateway = spawn(process.execPath, [child, folder, String(upstream.port), String(atOnce)], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  onTestFinished(() => void gateway.kill("SIGKILL"));
  return gateway;
}

/** Kills after a number of sends or of milliseconds, both drawn: mid-commit, mid-checkpoint, mid-start. */
async function killAtRandom(
  gateway: ChildProcess,
  upstream: RecordingUpstream,
  draw: () => number,
): Promise<void> {
  const ended = once(gateway, "exit");
  const kill = (): void => void gateway.kill("SIGKILL");
  if (draw() < 0.3) {
    setTimeout(kill, draw() * 500);
  } else {
    const until = upstream.received.length + Math.floor(draw() * 600);
    const delay = draw() * 3;
    upstream.onReceived = () => {
      if (upstream.received.length >= until) setTimeout(kill, delay);
    };
  }
  await ended;
  upstream.onReceived = () => undefined;
  expect(gateway.signalCode, "the gateway was killed and did not give up by itself").toBe("SIGKILL");
  await upstream.drained();
}

const story = `whatever was sent is on record, and the log verifies, after each of ${rounds} kills (seed ${seed})`;
test(story, { timeout: rounds * 60_000 }, async () => {
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
