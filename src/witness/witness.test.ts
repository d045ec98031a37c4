import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { limits } from "#lib/limits";
import {
  cosign,
  emptyRoot,
  findCosignatures,
  formatAddCheckpoint,
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
import { openWitness, serveWitness, type Witness, WitnessFolder, type WitnessServer } from "./index.ts";

const origin = "gateway.example/audit";
const log = newLogSigner(origin);
const signer = newCosigner();
const clock = manualClock();

/** Leaf hashes of a log; `fork` is the index from which it is another one. */
const hashes = (size: number, fork = size) =>
  Array.from({ length: size }, (_, n) => hashLeaf(Buffer.from(n < fork ? `${n}` : `${n} forked`)));
const rootAt = (size: number, fork?: number) =>
  size === 0 ? emptyRoot() : subtreesOf(hashes(size, fork))(0, size);
const checkpoint = (size: number, fork?: number, by: NoteSigner = log) =>
  signCheckpoint({ origin, size, root: rootAt(size, fork) }, by);
const proof = (oldSize: number, size: number, fork?: number) =>
  size === 0 ? [] : proveConsistency(subtreesOf(hashes(size, fork)), { oldSize, size });
const body = (oldSize: number, size: number, fork?: number) =>
  formatAddCheckpoint({ oldSize, proof: proof(oldSize, size, fork), checkpoint: checkpoint(size, fork) });

let path: string;
let contradictions: string[];
let proofsRefused: number[];
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), "gatehouse-witness-"));
  contradictions = [];
  proofsRefused = [];
});
afterEach(() => rmSync(path, { recursive: true }));

function witness(folder = new WitnessFolder(path)): Witness {
  const verifier = parseVerifierKey(log.verifierKey);
  if (verifier === undefined) throw new Error("the test's own key does not parse");
  const onContradiction = (which: string, why: string) => void contradictions.push(`${which}: ${why}`);
  const onProofRefused = (_: string, count: number) => void proofsRefused.push(count);
  return openWitness({ signer, logs: [verifier], folder, clock, onContradiction, onProofRefused });
}

function cosignatureOf(note: string, lines: string): Date | undefined {
  const cosigner = parseCosignerKey(signer.verifierKey);
  const finding = findCosignatures(note + lines, cosigner === undefined ? [] : [cosigner]);
  return finding.kind === "found" ? finding.cosignatures[0]?.at : undefined;
}

test("a log that only grows is cosigned, whatever its sizes", () => {
  const sizes = fc.uniqueArray(fc.integer({ min: 0, max: 70 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(sizes, (drawn) => {
      rmSync(path, { recursive: true });
      const asked = witness();
      let old = 0;
      for (const size of drawn.sort((one, other) => one - other)) {
        const answer = asked.addCheckpoint(body(old, size));
        expect(answer.status).toBe(200);
        if (answer.status === 200) expect(cosignatureOf(checkpoint(size), answer.lines)).toEqual(clock.now());
        old = size;
      }
    }),
    { numRuns: 40 },
  );
});

test("another root at the same size is refused, and what the log signed is kept as evidence", () => {
  const asked = witness();
  expect(asked.addCheckpoint(body(0, 10)).status).toBe(200);
  expect(asked.addCheckpoint(body(10, 10, 4)).status).toBe(422);
  expect(contradictions).toEqual([`${origin}: two logs of the same size have different roots`]);
  expect(evidence()).toEqual([`${checkpoint(10)}\n${checkpoint(10, 4)}`]);
  expect(asked.addCheckpoint(body(10, 11)).status).toBe(200);
});

/** What was kept of the log's contradictions. */
function evidence(): string[] {
  const [folder = ""] = readdirSync(path);
  const kept = join(path, folder, "contradictions");
  return existsSync(kept) ? readdirSync(kept).map((name) => readFileSync(join(kept, name), "utf8")) : [];
}

test("a stranger who shows a newer public checkpoint with a bad proof is refused, counted, and raises no alarm", () => {
  const asked = witness();
  asked.addCheckpoint(body(0, 10));
  const newer = checkpoint(16);
  for (const bad of [[], [rootAt(3)], proof(9, 16), proof(10, 17), [...proof(10, 16), rootAt(1)]]) {
    const answer = asked.addCheckpoint(formatAddCheckpoint({ oldSize: 10, proof: bad, checkpoint: newer }));
    expect(answer.status).toBe(422);
  }
  expect([contradictions, evidence(), proofsRefused]).toEqual([[], [], [1, 2, 3, 4, 5]]);
  expect(asked.addCheckpoint(body(10, 16)).status).toBe(200);
});

test("another root at the same size is told of whatever old size the requester claims", () => {
  const asked = witness();
  asked.addCheckpoint(body(0, 10));
  const forked = { oldSize: 3, proof: [], checkpoint: checkpoint(10, 4) };
  expect(asked.addCheckpoint(formatAddCheckpoint(forked))).toEqual({ status: 409, size: 10 });
  expect(contradictions).toHaveLength(1);
});

test("one contradiction sent again and again, dressed up each time, is told once and pushes out no other", () => {
  const asked = witness();
  asked.addCheckpoint(body(0, 10));
  for (let n = 0; n < limits.witnessEvidenceMax + 4; n += 1) {
    const dressed = checkpoint(10, 4) + cosign(checkpoint(10, 4), newCosigner(`w${n}.example`), clock.now());
    const request = { oldSize: 10, proof: [rootAt(n + 1)], checkpoint: dressed };
    expect(asked.addCheckpoint(formatAddCheckpoint(request)).status).toBe(422);
  }
  asked.addCheckpoint(body(10, 10, 7));
  expect([contradictions.length, evidence().length]).toEqual([2, 2]);
});

test("a fork is refused at every size and with every proof it can make", () => {
  const asked = witness();
  asked.addCheckpoint(body(0, 10));
  for (const size of [10, 11, 16, 33]) {
    for (const from of [0, 4, 9, 10]) {
      const fork = { oldSize: 10, proof: proof(from, size, 4), checkpoint: checkpoint(size, 4) };
      expect(asked.addCheckpoint(formatAddCheckpoint(fork)).status).toBe(422);
    }
  }
  expect(asked.addCheckpoint(body(10, 12)).status).toBe(200);
});

test("a log that was cut and signed again is refused: the witness says how much it has seen", () => {
  const asked = witness();
  asked.addCheckpoint(body(0, 20));
  expect(asked.addCheckpoint(body(0, 15, 12))).toEqual({ status: 409, size: 20 });
  expect(asked.addCheckpoint(body(15, 15, 12))).toEqual({ status: 409, size: 20 });
  expect(asked.addCheckpoint(body(0, 15))).toEqual({ status: 409, size: 20 });
  const claimed = { oldSize: 20, proof: [], checkpoint: checkpoint(15, 12) };
  expect(asked.addCheckpoint(formatAddCheckpoint(claimed)).status).toBe(400);
});

test("an old request sent again changes nothing", () => {
  const asked = witness();
  const requests = [body(0, 3), body(3, 8), body(8, 21)];
  for (const request of requests) expect(asked.addCheckpoint(request).status).toBe(200);
  for (const request of requests) expect(asked.addCheckpoint(request)).toEqual({ status: 409, size: 21 });
});

test("the same checkpoint is cosigned again with the time of now", () => {
  const asked = witness();
  asked.addCheckpoint(body(0, 3));
  clock.pass(60_000);
  const answer = asked.addCheckpoint(body(3, 3));
  expect(answer.status === 200 && cosignatureOf(checkpoint(3), answer.lines)).toEqual(clock.now());
});

test("an unknown log, an unknown key and no request at all are told apart", () => {
  const asked = witness();
  const other = signCheckpoint(
    { origin: "other.example/log", size: 1, root: rootAt(1) },
    newLogSigner("other.example/log"),
  );
  expect(asked.addCheckpoint(formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint: other })).status).toBe(
    404,
  );
  const forged = checkpoint(1, 1, newLogSigner(origin));
  expect(asked.addCheckpoint(formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint: forged })).status).toBe(
    403,
  );
  for (const nothing of [
    "",
    "old 0\n\n",
    "old 0\n\nno note",
    `old 0\n\n${origin}\n1\nxx\n`,
    "x".repeat(9_999),
  ]) {
    expect(asked.addCheckpoint(nothing).status).toBe(400);
  }
  expect(contradictions).toEqual([]);
});

test("the log's signature may stand among many others, and one wrong one under its key spoils it", () => {
  const asked = witness();
  const strangers = Array.from({ length: 60 }, (_, n) =>
    cosign(checkpoint(1), newCosigner(`w${n}.example`), clock.now()),
  );
  const [text = "", own = ""] = checkpoint(1).split("\n\n");
  const crowded = `${text}\n\n${strangers.slice(30).join("")}${own}${strangers.slice(0, 30).join("")}`;
  expect(
    asked.addCheckpoint(formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint: crowded })).status,
  ).toBe(200);
  const wrong = checkpoint(2).split("\n\n")[1] ?? "";
  const spoiled = formatAddCheckpoint({ oldSize: 1, proof: proof(1, 3), checkpoint: checkpoint(3) + wrong });
  expect(asked.addCheckpoint(spoiled).status).toBe(403);
});

test("an empty log has one root, and a first checkpoint needs no proof", () => {
  const asked = witness();
  const odd = signCheckpoint({ origin, size: 0, root: rootAt(1) }, log);
  expect(asked.addCheckpoint(formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint: odd })).status).toBe(
    422,
  );
  const padded = { oldSize: 0, proof: [rootAt(1)], checkpoint: checkpoint(5) };
  expect(asked.addCheckpoint(formatAddCheckpoint(padded)).status).toBe(422);
  expect(asked.addCheckpoint(body(0, 0)).status).toBe(200);
});

test("what it saw outlives a restart", () => {
  witness().addCheckpoint(body(0, 9));
  const again = witness();
  expect(again.addCheckpoint(body(0, 9))).toEqual({ status: 409, size: 9 });
  expect(again.addCheckpoint(body(9, 12)).status).toBe(200);
});

test("of two processes that checked the same state one comes second and cosigns nothing", () => {
  const slow = new WitnessFolder(path);
  witness().addCheckpoint(body(0, 5));
  const seen = slow.newest(origin);
  expect(witness().addCheckpoint(body(5, 6)).status).toBe(200);
  expect(slow.advance(origin, seen, checkpoint(7, 6))).toBe(false);
  expect(slow.newest(origin)?.note).toBe(checkpoint(6));
});

test("a process that slept while another went far ahead does not slip its state in below", () => {
  const slow = new WitnessFolder(path);
  witness().addCheckpoint(body(0, 5));
  const seen = slow.newest(origin);
  for (let size = 5; size < 12; size += 1)
    expect(witness().addCheckpoint(body(size, size + 1)).status).toBe(200);
  expect(slow.advance(origin, seen, checkpoint(7, 6))).toBe(false);
  expect(slow.newest(origin)?.note).toBe(checkpoint(12));
});

test("a damaged memory is not taken for an empty one", () => {
  witness().addCheckpoint(body(0, 5));
  const [folder = ""] = readdirSync(path);
  const [file = ""] = readdirSync(join(path, folder));
  writeFileSync(join(path, folder, file), "nothing");
  expect(() => witness().addCheckpoint(body(0, 3, 1))).toThrow(/Restore the folder, or retire/);
});

test("a memory that cannot be written is an error, and nothing is cosigned", () => {
  const folder = new WitnessFolder(path);
  folder.advance(origin, undefined, checkpoint(1));
  const [name = ""] = readdirSync(path);
  // The log's folder is a file.
  rmSync(join(path, name), { recursive: true });
  writeFileSync(join(path, name), "");
  expect(() => witness(folder).addCheckpoint(body(0, 3))).toThrow(/cannot be used/);
});

let server: WitnessServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});
async function served(): Promise<string> {
  server = await serveWitness(witness(), { host: "127.0.0.1", port: 0, onFailure: () => undefined });
  return `${server.url}/add-checkpoint`;
}

test("over HTTP the statuses, types and bodies are those of the specification", async () => {
  const url = await served();
  const post = async (text: string) => {
    const answer = await fetch(url, { method: "POST", body: text });
    return { status: answer.status, type: answer.headers.get("content-type"), said: await answer.text() };
  };
  const first = await post(body(0, 4));
  expect(first.status).toBe(200);
  expect(first.said).toMatch(/^— witness\.example\/w1 \S+\n$/);
  expect(cosignatureOf(checkpoint(4), first.said)).toBeInstanceOf(Date);
  expect(await post(body(0, 5))).toEqual({ status: 409, type: "text/x.tlog.size", said: "4\n" });
  expect((await post(body(4, 4, 1))).status).toBe(422);
  expect((await fetch(url)).status).toBe(405);
  expect((await fetch(url.replace("add-", ""))).status).toBe(404);
});

test("a body without end is refused, and whoever sends it is told", async () => {
  const url = await served();
  const huge = "A".repeat(limits.witnessBodyBytesMax + 1);
  expect((await fetch(url, { method: "POST", body: huge })).status).toBe(413);
  expect((await fetch(url, { method: "POST", body: body(0, 4) })).status).toBe(200);
});

test("who sends half a request and goes away leaves nothing behind", async () => {
  const { port } = new URL(await served());
  const socket = connect(Number(port), "127.0.0.1");
  socket.write("POST /add-checkpoint HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nold 0\n");
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.destroy();
  const whole = await fetch(`http://127.0.0.1:${port}/add-checkpoint`, { method: "POST", body: body(0, 4) });
  expect(whole.status).toBe(200);
});

test("it listens on this machine only", async () => {
  const parts = { host: "0.0.0.0", port: 0, onFailure: () => undefined };
  await expect(serveWitness(witness(), parts)).rejects.toThrow(/needs TLS in front/);
});
