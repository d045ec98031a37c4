import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { GatehouseError } from "#lib/errors";
import { Secret } from "#lib/secret";
import { manualClock } from "../../test/fakes/manual-clock.ts";
import { type RunBench, startRunBench } from "../../test/fakes/run-bench.ts";
import type { RunPlaces } from "./environment.ts";
import { createService, type Service } from "./open-runs.ts";
import { joinService, readServiceStatus, stopService } from "./service-call.ts";
import { type RunRequest, relevantVariables } from "./service-wire.ts";
import { listenAt } from "./socket-file.ts";

const serverUrl = "http://127.0.0.1:8440";
let folder = "";
let path = "";
let service: Service;
let stops = 0;
let benches: RunBench[] = [];
/** What the service is to say instead of opening a run. */
let refusal: Error | undefined;
let seen: RunRequest[] = [];
let closed = Promise.withResolvers<void>();

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "service-test-"));
  path = join(folder, "agent.sock");
  stops = 0;
  benches = [];
  seen = [];
  refusal = undefined;
  closed = Promise.withResolvers();
  service = createService({
    serverUrl,
    clock: manualClock(),
    onStop: () => {
      stops += 1;
    },
    open: async (wanted, notice) => {
      seen.push(wanted);
      if (refusal !== undefined) throw refusal;
      const bench = await startRunBench({ agent: wanted.agent });
      benches.push(bench);
      notice(`for ${wanted.agent}`);
      return {
        places: bench.helper.places,
        sessionId: `ses_${wanted.agent}`,
        close: async () => {
          await bench.helper.close();
          closed.resolve();
        },
      };
    },
  });
  await listenAt(service.server, path);
});
afterEach(async () => {
  await service.close();
  for (const bench of benches) await bench.close();
  rmSync(folder, { recursive: true });
});

const wanted = (agent: string): RunRequest => ({
  serverUrl,
  agent,
  environment: { HOME: "/home/developer" },
});
const notices: string[] = [];
const ask = (agent: string) => joinService(path, wanted(agent), (sentence) => notices.push(sentence));
async function joined(agent: string) {
  const run = await ask(agent);
  if (run === undefined) throw new Error("no run");
  return run;
}

test("a command that does not speak our language, or asks for what there is not, gets no run", async () => {
  const post = (url: string, body: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const outgoing = request({ socketPath: path, path: url, method: "POST" }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  expect(await post("/v1/runs", "{")).toBe(409);
  expect(await post("/v1/runs", JSON.stringify({ agent: "x" }))).toBe(409);
  expect(await post("/v1/else", "")).toBe(404);
  expect(seen).toEqual([]);
});

test("a run for another server is none of this service's, and the command opens its own", async () => {
  const other = { ...wanted("a"), serverUrl: "https://gatehouse.example.com" };
  expect(await joinService(path, other, () => undefined)).toBeUndefined();
  expect(seen).toEqual([]);
});

test("why no run could be opened reaches the command in the same words", async () => {
  refusal = new GatehouseError("sign_in_needed", "Nobody is signed in.");
  await expect(ask("a")).rejects.toMatchObject({ code: "sign_in_needed", message: "Nobody is signed in." });
});

test("where no service listens, or something else does, there is none", async () => {
  expect(await readServiceStatus(join(folder, "nowhere.sock"))).toBeUndefined();
  expect(await stopService(join(folder, "nowhere.sock"))).toBeUndefined();
  expect(await joinService(join(folder, "nowhere.sock"), wanted("a"), () => undefined)).toBeUndefined();
});

test("three runs at once share neither session, nonce, ports, socket nor folder", async () => {
  const runs = await Promise.all(["one", "two", "three"].map(joined));
  const told = (pick: (places: RunPlaces) => unknown): number =>
    new Set(runs.map(({ places }) => pick(places))).size;
  expect(new Set(runs.map(({ sessionId }) => sessionId)).size).toBe(3);
  const differing: ((places: RunPlaces) => unknown)[] = [
    ({ nonce }) => nonce.reveal(),
    ({ proxyPort }) => proxyPort,
    ({ metadataPort }) => metadataPort,
    ({ gcloudConfiguration }) => gcloudConfiguration,
    ({ caBundle }) => caBundle,
    ({ bySocket }) => bySocket?.socket,
    ({ bySocket }) => bySocket?.credentials,
  ];
  for (const pick of differing) expect(told(pick), String(pick)).toBe(3);
  expect((await readServiceStatus(path))?.runs.map(({ agent }) => agent).sort()).toEqual([
    "one",
    "three",
    "two",
  ]);
});

test("what travels is the run's places as they are, and the nonce stays a secret on both sides", async () => {
  const { places } = await joined("one");
  const [bench] = benches;
  const { nonce, ...rest } = places;
  const { nonce: ownNonce, ...own } = bench?.helper.places ?? places;
  expect(rest).toEqual(own);
  expect(nonce).toBeInstanceOf(Secret);
  expect(nonce.reveal()).toBe(ownNonce.reveal());
});

test("a command that ends, however it ends, takes its run with it and leaves the others", async () => {
  const [one] = await Promise.all([joined("one"), joined("two")]);
  await one.close();
  await closed.promise;
  const left = (await readServiceStatus(path))?.runs.map(({ agent }) => agent);
  expect(left).toEqual(["two"]);
});

test("when the service ends its runs end, their folders go, and their commands are told", async () => {
  notices.length = 0;
  const told = Promise.withResolvers<string>();
  await joinService(path, wanted("one"), (sentence) => {
    if (sentence.includes("has ended")) told.resolve(sentence);
  });
  const folderOfRun = benches[0]?.helper.folder ?? "";
  expect(existsSync(folderOfRun)).toBe(true);
  await service.close();
  expect(await told.promise).toContain("nothing reaches Google any more");
  expect(existsSync(folderOfRun)).toBe(false);
});

test("the service can be asked to end, and says what it was doing", async () => {
  await joined("one");
  expect((await stopService(path))?.runs).toHaveLength(1);
  expect(stops).toBe(1);
});

test("of a person's environment only what a helper reads leaves the command", () => {
  const given = {
    HOME: "/home/developer",
    https_proxy: "http://proxy.example.com",
    GOOGLE_CLOUD_PROJECT: "p",
    AWS_SECRET_ACCESS_KEY: "secret",
    GOOGLE_CREDENTIALS: "secret",
    NODE_OPTIONS: "--require x",
    MY_HTTPS_PROXY: "no",
  };
  expect(Object.keys(relevantVariables(given)).sort()).toEqual([
    "GOOGLE_CLOUD_PROJECT",
    "HOME",
    "https_proxy",
  ]);
});
