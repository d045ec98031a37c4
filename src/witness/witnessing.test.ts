import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import {
  findCosignatures,
  hashLeaf,
  type NoteSigner,
  parseCosignerKey,
  parseVerifierKey,
  proveConsistency,
  signCheckpoint,
  subtreesOf,
} from "#tlog";
import { newCosigner, newLogSigner } from "../../test/fakes/log-signer.ts";
import { manualClock } from "../../test/fakes/manual-clock.ts";
import { manualTimer } from "../../test/fakes/manual-timer.ts";
import { memoryCosignatureStore } from "../../test/fakes/memory-cosignature-store.ts";
import {
  type CosignatureStore,
  openWitness,
  openWitnessing,
  type PostCheckpoint,
  type Witness,
  type WitnessedLog,
  WitnessFolder,
  type WitnessingParts,
} from "./index.ts";

const origin = "gateway.example/audit";
const logKey = newLogSigner(origin);
const signer = newCosigner();

let path: string;
let clock = manualClock();
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), "gatehouse-witnessing-"));
  clock = manualClock();
});
afterEach(() => rmSync(path, { recursive: true }));

/** A log that a test lets grow, be cut and be written anew. */
function growingLog(): WitnessedLog & { size: number; fork: number } {
  const log = {
    size: 5,
    fork: Number.POSITIVE_INFINITY,
    subtrees: (size: number) =>
      subtreesOf(
        Array.from({ length: size }, (_, n) => hashLeaf(Buffer.from(n < log.fork ? `${n}` : `${n}!`))),
      ),
    checkpoint: async () => note(log.size),
    consistency: async (oldSize: number) =>
      oldSize > log.size
        ? undefined
        : {
            checkpoint: note(log.size),
            proof: proveConsistency(log.subtrees(log.size), { oldSize, size: log.size }),
          },
  };
  const note = (size: number): string =>
    signCheckpoint({ origin, size, root: log.subtrees(size)(0, size) }, logKey);
  return log;
}

function realWitness(by: NoteSigner = signer, itsClock = clock): Witness {
  const verifier = parseVerifierKey(logKey.verifierKey);
  if (verifier === undefined) throw new Error("the test's own key does not parse");
  const folder = new WitnessFolder(path);
  const unheard = { onContradiction: () => undefined, onProofRefused: () => undefined };
  return openWitness({ signer: by, logs: [verifier], folder, clock: itsClock, ...unheard });
}

/** The wire between both, without a socket. */
function wire(witness: Witness): PostCheckpoint {
  return async (_, body) => {
    const answer = witness.addCheckpoint(body);
    if (answer.status === 200) return { status: 200, contentType: "text/plain", body: answer.lines };
    if (answer.status === 409)
      return { status: 409, contentType: "text/x.tlog.size", body: `${answer.size}\n` };
    return { status: answer.status, contentType: "text/plain", body: answer.why };
  };
}

interface Under {
  readonly refusals: string[];
  readonly changes: string[];
  readonly store: CosignatureStore;
}

async function witnessing(log: WitnessedLog, post: PostCheckpoint, changes: Partial<WitnessingParts> = {}) {
  const under: Under = { refusals: [], changes: [], store: changes.store ?? memoryCosignatureStore() };
  const cosigner = parseCosignerKey(signer.verifierKey);
  if (cosigner === undefined) throw new Error("the test's own key does not parse");
  const opened = await openWitnessing({
    witnesses: [{ cosigner, verifierKey: signer.verifierKey, url: new URL("https://witness.example/w1") }],
    log,
    post,
    clock,
    timer: manualTimer(),
    onRefused: ({ why }) => void under.refusals.push(why),
    onChange: ({ state }) => void under.changes.push(state),
    ...changes,
    store: under.store,
  });
  /** A second later. */
  const look = async (ms = 1_000): Promise<void> => {
    clock.pass(ms);
    await opened.look();
  };
  return { ...under, look, status: () => opened.statuses[0], close: () => opened.close() };
}

test("each new checkpoint is cosigned, and what is kept verifies below it", async () => {
  const log = growingLog();
  const under = await witnessing(log, wire(realWitness()));
  for (const size of [5, 6, 17]) {
    log.size = size;
    await under.look();
    const lines = (await under.store.of(size)).map(({ line }) => line).join("");
    const cosigner = parseCosignerKey(signer.verifierKey);
    const note = (await log.checkpoint()) ?? "";
    expect(findCosignatures(note + lines, cosigner === undefined ? [] : [cosigner])).toMatchObject({
      cosignatures: [{ name: "witness.example/w1" }],
    });
  }
  expect(under.status()).toMatchObject({ state: "cosigned", size: 17 });
  expect([under.refusals, under.changes]).toEqual([[], ["cosigned"]]);
});

test("an idle log is shown again after a minute, not each second", async () => {
  let posts = 0;
  const witness = wire(realWitness());
  const under = await witnessing(growingLog(), (url, body) => {
    posts += 1;
    return witness(url, body);
  });
  for (let second = 0; second < 61; second += 1) await under.look();
  expect(posts).toBe(2);
});

test("a witness that knows more or less than we remember is met where it is", async () => {
  const log = growingLog();
  const witness = realWitness();
  await (await witnessing(log, wire(witness))).look();
  log.size = 9;
  // Our memory is gone, the witness's is not.
  const again = await witnessing(log, wire(witness));
  await again.look();
  expect(again.status()).toMatchObject({ state: "cosigned", size: 9 });
  // Now the witness's is gone, under a new state folder, and ours is not.
  rmSync(path, { recursive: true });
  const third = await witnessing(log, wire(realWitness()), { store: again.store });
  log.size = 11;
  await third.look();
  expect(third.status()).toMatchObject({ state: "cosigned", size: 11 });
});

test("a log that was forked below what the witness saw is refused, loudly and once", async () => {
  const log = growingLog();
  const under = await witnessing(log, wire(realWitness()));
  await under.look();
  log.fork = 2;
  for (const size of [5, 8, 9, 10]) {
    log.size = size;
    await under.look(limits.witnessRetryMsMax);
  }
  expect(under.status()).toMatchObject({ state: "refused", size: 5 });
  expect(under.refusals).toHaveLength(1);
  expect(under.changes).toEqual(["cosigned", "refused"]);
});

test("another log of the same size is refused, whichever status the witness has for it", async () => {
  for (const reply of [
    { status: 422, contentType: "text/plain", body: "" },
    { status: 409, contentType: "text/plain", body: "" },
    { status: 409, contentType: "text/x.tlog.size", body: "5\n" },
  ]) {
    let size = 0;
    const under = await witnessing(growingLog(), async () => {
      size += 1;
      return size === 1 ? { ...reply, status: 409, contentType: "text/x.tlog.size", body: "5\n" } : reply;
    });
    await under.look();
    expect(under.status()?.state).toBe("refused");
  }
});

test("a log that was cut, or restored from an old copy, is refused", async () => {
  const log = growingLog();
  const witness = realWitness();
  log.size = 20;
  await (await witnessing(log, wire(witness))).look();
  log.size = 12;
  const restored = await witnessing(log, wire(witness));
  await restored.look();
  expect(restored.refusals).toEqual([expect.stringMatching(/has seen 20 entries .* which has 12/)]);
});

test("what a dead witness costs: nothing but ever rarer questions, and its return is noticed", async () => {
  const log = growingLog();
  const alive = wire(realWitness());
  let isDead = true;
  let posts = 0;
  const under = await witnessing(log, (url, body) => {
    posts += 1;
    return isDead ? Promise.reject(new GatehouseError("call_failed", "nobody there")) : alive(url, body);
  });
  for (let second = 0; second < 3_600; second += 1) await under.look();
  expect(posts).toBeLessThan(22);
  expect(under.status()).toMatchObject({ state: "failing", why: "nobody there" });
  isDead = false;
  await under.look(limits.witnessRetryMsMax);
  expect(under.changes).toEqual(["failing", "cosigned"]);
  expect(under.refusals).toEqual([]);
});

test("silence does not take back a refusal", async () => {
  let reply = { status: 422, contentType: "", body: "" };
  const under = await witnessing(growingLog(), async () => reply);
  await under.look();
  reply = { status: 503, contentType: "", body: "" };
  await under.look(limits.witnessRetryMsMax);
  expect(under.status()?.state).toBe("refused");
});

test.each([
  ["nothing", ""],
  ["another witness's line", "stranger"],
  ["a line of its own over another checkpoint", "other"],
  ["no line at all", "— \n— \n"],
])("a witness that answers with %s has cosigned nothing", async (_, kind) => {
  const log = growingLog();
  const under = await witnessing(log, async (url, body) => {
    if (kind === "stranger") return wire(realWitness(newCosigner()))(url, body);
    if (kind !== "other") return { status: 200, contentType: "text/plain", body: kind };
    const smaller = growingLog();
    smaller.size = 3;
    const before = await smaller.consistency(0);
    const request = `old 0\n\n${before?.checkpoint ?? ""}`;
    return wire(realWitness())(url, request);
  });
  await under.look();
  expect(under.status()?.state).toBe("failing");
  expect(await under.store.of(5)).toEqual([]);
});

test("a witness that sends us in circles is left alone for a while", async () => {
  let told = 1;
  const under = await witnessing(growingLog(), async () => {
    told = told === 1 ? 2 : 1;
    return { status: 409, contentType: "text/x.tlog.size", body: `${told}\n` };
  });
  await under.look();
  expect(under.status()).toMatchObject({ state: "failing", why: "it changes its mind" });
});

test("a witness that cosigns for a time still to come has cosigned nothing", async () => {
  const ahead = manualClock();
  ahead.pass(limits.witnessSkewMs + 2_000);
  const under = await witnessing(growingLog(), wire(realWitness(signer, ahead)));
  await under.look();
  expect(under.status()).toMatchObject({
    state: "failing",
    why: expect.stringMatching(/still to come/) as string,
  });
  expect(await under.store.of(5)).toEqual([]);
});
