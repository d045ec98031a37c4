import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import { Secret } from "#lib/secret";
import { hashLeaf, type NoteSigner, proveConsistency, signCheckpoint, subtreesOf } from "#tlog";
import { newLogSigner } from "../../test/fakes/log-signer.ts";
import { manualClock } from "../../test/fakes/manual-clock.ts";
import { manualTimer } from "../../test/fakes/manual-timer.ts";
import { LogPins } from "./log-pins.ts";
import { type AskConsistency, openLogWatch } from "./log-watch.ts";

const origin = "gateway.example/audit";
const server = "https://gatehouse.example.com";
const logKey = newLogSigner(origin);
const bearer = new Secret("token");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-pins-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A log whose entries from `fork` on are others. */
function answering(size: number, fork = size, by: NoteSigner = logKey): AskConsistency {
  const leaves = Array.from({ length: size }, (_, n) => hashLeaf(Buffer.from(n < fork ? `${n}` : `${n}!`)));
  const subtrees = subtreesOf(leaves);
  return async (from) => ({
    checkpoint: signCheckpoint({ origin, size, root: subtrees(0, size) }, by),
    proof:
      from > size
        ? []
        : proveConsistency(subtrees, { oldSize: from, size }).map((hash) =>
            Buffer.from(hash).toString("base64"),
          ),
  });
}

interface Run {
  readonly contradictions: string[];
  readonly notices: string[];
  look(ask: AskConsistency, verifierKey?: string): Promise<void>;
}

function run(): Run {
  const notices: string[] = [];
  const contradictions: string[] = [];
  const parts = { server, pins: new LogPins(folder), clock: manualClock(), timer: manualTimer() };
  return {
    contradictions,
    notices,
    look: (ask, verifierKey = logKey.verifierKey) =>
      openLogWatch({ ...parts, verifierKey, ask, notice: (said) => void notices.push(said) }).look(
        bearer,
        (why) => void contradictions.push(why),
      ),
  };
}

const pinnedSize = (): string | undefined => new LogPins(folder).read(server)?.checkpoint.split("\n")[1];

test("a log that only grows is never contradicted, in this run or the next", async () => {
  for (const size of [1, 1, 2, 7, 64, 70]) {
    const { look, contradictions, notices } = run();
    await look(answering(size));
    await look(answering(size));
    expect([contradictions, notices, pinnedSize()]).toEqual([[], [], String(size)]);
  }
});

test.each([
  ["cut and signed again", answering(8), /had 10 entries and now has 8: it was cut/],
  ["written anew at the same size", answering(10, 4), /do not begin with the 10 .*different roots/],
  ["written anew and longer", answering(20, 4), /do not begin with the 10/],
  [
    "signed by another key of the same name",
    answering(12, 12, newLogSigner(origin)),
    /no known key has signed it/,
  ],
  ["no note at all", async () => ({ checkpoint: "hello", proof: [] }), /cannot be believed/],
  [
    "proven by nonsense",
    async (from: number) => ({ ...(await answering(20)(from, bearer)), proof: ["AAAA"] }),
    /the proof that it grew is none/,
  ],
  ["not proven", async () => ({ ...(await answering(20)(10, bearer)), proof: [] }), /do not begin with/],
])("a log that was %s contradicts what was seen, and stays contradicted", async (_, ask, why) => {
  await run().look(answering(10));
  for (let again = 0; again < 2; again += 1) {
    const { look, contradictions } = run();
    await look(ask);
    expect(contradictions).toEqual([expect.stringMatching(why)]);
    expect(pinnedSize()).toBe("10");
  }
});

test("a server that announces another log than before is contradicted before it is asked", async () => {
  await run().look(answering(10));
  const { look, contradictions } = run();
  let wasAsked = false;
  const other = newLogSigner("other.example/audit");
  await look(async (from) => {
    wasAsked = true;
    return answering(10)(from, bearer);
  }, other.verifierKey);
  expect([wasAsked, contradictions]).toEqual([
    false,
    [expect.stringMatching(/was gateway.example.*now announces other/)],
  ]);
});

test("a server that does not answer is no contradiction, and is told of once", async () => {
  await run().look(answering(10));
  const { notices, contradictions } = run();
  const parts = {
    server,
    verifierKey: logKey.verifierKey,
    pins: new LogPins(folder),
    clock: manualClock(),
    timer: manualTimer(),
  };
  let isDown = true;
  const watch = openLogWatch({
    ...parts,
    ask: (from) =>
      isDown ? Promise.reject(new GatehouseError("server_unreachable", "down")) : answering(11)(from, bearer),
    notice: (said) => void notices.push(said),
  });
  for (let again = 0; again < 3; again += 1) await watch.look(bearer, (why) => void contradictions.push(why));
  expect([contradictions, notices]).toEqual([[], ["the server has not shown how its log grew: down"]]);
  isDown = false;
  await watch.look(bearer, (why) => void contradictions.push(why));
  expect(pinnedSize()).toBe("11");
});

test("a slow proof is waited for no longer than a moment, and what it shows still counts", async () => {
  await run().look(answering(10));
  const timer = manualTimer();
  const slow = Promise.withResolvers<Awaited<ReturnType<AskConsistency>>>();
  const told = Promise.withResolvers<string>();
  const watch = openLogWatch({
    server,
    verifierKey: logKey.verifierKey,
    pins: new LogPins(folder),
    clock: manualClock(),
    timer,
    ask: () => slow.promise,
    notice: () => undefined,
  });
  const looked = watch.look(bearer, told.resolve);
  timer.pass(limits.logProofWaitMs);
  await looked;
  slow.resolve(await answering(9)(10, bearer));
  expect(await told.promise).toMatch(/it was cut/);
});

test("of two runs that see two versions of a log at once, the second is told", async () => {
  await run().look(answering(10));
  const slow = run();
  const fast = run();
  // While one asks, the other keeps what it has seen.
  await slow.look(async (from) => {
    if (pinnedSize() === "10") await fast.look(answering(15, 12));
    return answering(14)(from, bearer);
  });
  expect(fast.contradictions).toEqual([]);
  expect(slow.contradictions).toEqual([expect.stringMatching(/had 15 entries and now has 14/)]);
  expect(pinnedSize()).toBe("15");
});

test("a damaged pin is not taken for none", async () => {
  await run().look(answering(10));
  const [file = ""] = readdirSync(folder);
  writeFileSync(join(folder, file), "{}");
  const { look, contradictions } = run();
  await look(answering(3));
  expect(contradictions).toEqual([expect.stringMatching(/cannot be read. .*pins --forget/)]);
});

test("pins are readable by their owner only, one file for each server", async () => {
  await run().look(answering(10));
  const pins = new LogPins(folder);
  const other = {
    server: "https://b.example",
    verifierKey: "x",
    checkpoint: "y",
    seenAt: "2026-11-28T12:00:00.000Z",
  };
  expect(pins.replace(undefined, other)).toBe(true);
  const files = readdirSync(folder);
  expect(files).toHaveLength(2);
  for (const file of files) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
  expect(pins.all().map((pin) => pin.server)).toEqual(["https://b.example", server]);
  expect([pins.forget(server), pins.forget(server), pins.read(server)]).toEqual([true, false, undefined]);
});

test("a lock that a killed run left behind holds nobody up", async () => {
  await run().look(answering(10));
  const [file = ""] = readdirSync(folder);
  const lock = join(folder, `${file}.lock`);
  writeFileSync(lock, "");
  const held = run();
  await held.look(answering(11));
  expect([held.notices, pinnedSize()]).toEqual([[expect.stringMatching(/other runs keep writing/)], "10"]);
  utimesSync(lock, new Date(0), new Date(0));
  await run().look(answering(11));
  expect(pinnedSize()).toBe("11");
});
