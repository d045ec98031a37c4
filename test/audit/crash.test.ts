import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { exportTiles, openPublishedLog } from "#audit";
import { openLogKey } from "#keys";
import { openDatabaseForReading } from "../../src/storage/sqlite/index.ts";
import { auditStore } from "../../src/storage/stores/index.ts";
import { crashLogs, crashRounds, killAtRandom, random, startGateway } from "../faults/kills.ts";
import { databaseIn, factsIn, openLogIn, origin } from "../faults/log-in-folder.ts";
import { recordingUpstream } from "../faults/recording-upstream.ts";
import { buildGoVerifier, verifiers } from "./foreign-tools.ts";
import { temporaryFolder } from "./log-under-test.ts";
import { sizeOf, writeTile } from "./tile-folder.ts";

// What a killed gateway leaves on disk, judged by verifiers nobody here wrote: whole as it lies there, whole after the
// restart, and a continuation of every checkpoint that was ever signed.
const go = buildGoVerifier();
const judges = verifiers(go).filter(({ missing }) => missing === undefined);
if (go.missing !== undefined) console.log(`skipped: Go's verifiers after each kill: ${go.missing}`);
afterAll(() => go.close());

/** The log as it lies in the folder, as tiles; read beside whatever else is there, changing nothing. */
async function exportOf(folder: string, name: string): Promise<string> {
  const tiles = join(folder, name);
  rmSync(tiles, { recursive: true, force: true });
  mkdirSync(tiles);
  const { verifierKey } = await openLogKey(join(folder, "log.key"), origin);
  const database = await openDatabaseForReading(databaseIn(folder));
  await exportTiles(openPublishedLog(auditStore(database)), async (path, bytes) =>
    writeTile(tiles, path, bytes),
  );
  await database.close();
  writeFileSync(join(tiles, "log.vkey"), `${verifierKey}\n`);
  return tiles;
}

async function judged(tiles: string, kept: string): Promise<string> {
  const verdicts = await Promise.all(judges.map((judge) => judge.verdict(tiles, kept)));
  return verdicts.every((verdict) => verdict === "ok") ? "ok" : verdicts.join("; ");
}

const story =
  "after each of $rounds kills (seed $seed) every verifier finds the log whole, with no intent missing and no checkpoint shrunk";
test.for(crashLogs(crashRounds(6)))(story, { timeout: 1_500_000 }, async ({ rounds, seed }) => {
  const folder = temporaryFolder();
  const upstream = await recordingUpstream();
  const draw = random(seed);
  await (await openLogIn(folder)).close();
  const kept = join(folder, "kept.checkpoint");
  writeFileSync(kept, readFileSync(join(await exportOf(folder, "first"), "checkpoint")));
  const matrix = ["  kill  sent  entries  signed  left open  as it lay  after restart"];
  onTestFinished(() => console.log(matrix.join("\n")));
  let largest = 0;
  for (let round = 1; round <= rounds; round += 1) {
    await killAtRandom(startGateway(folder, upstream, 1 + Math.floor(draw() * 16)), upstream, draw);
    const crashed = await factsIn(folder, readFileSync(kept, "utf8"));
    const lay = await exportOf(folder, "lay");
    const asItLay = await judged(lay, kept);
    await (await openLogIn(folder)).close();
    const restarted = await exportOf(folder, "restarted");
    const afterRestart = await judged(restarted, join(lay, "checkpoint"));
    const row = [round, upstream.received.length, crashed.entries, sizeOf(lay), crashed.unfinished.length];
    matrix.push(
      `  ${row.map((cell, at) => String(cell).padEnd([6, 6, 9, 8, 11][at] ?? 0)).join("")}${asItLay.padEnd(11)}${afterRestart}`,
    );
    expect([asItLay, afterRestart]).toEqual(["ok", "ok"]);
    expect(crashed.verification).toMatchObject({ kind: "verified" });
    expect(upstream.received.filter((id) => !crashed.intents.has(id))).toEqual([]);
    expect((await factsIn(folder, undefined)).unfinished).toEqual([]);
    expect(sizeOf(lay)).toBeGreaterThanOrEqual(largest);
    largest = sizeOf(restarted);
    writeFileSync(kept, readFileSync(join(restarted, "checkpoint")));
  }
  expect(upstream.received.length).toBeGreaterThan(rounds);
  await upstream.close();
});
