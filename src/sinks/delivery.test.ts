import { expect, test } from "vitest";
import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import { hashLeaf } from "#tlog";
import { manualClock } from "../../test/fakes/manual-clock.ts";
import { manualTimer } from "../../test/fakes/manual-timer.ts";
import { type MemorySinkStore, memorySinkStore } from "../../test/fakes/memory-sink-store.ts";
import { type Batch, type ConfiguredSink, Delivery, type DeliveryParts, openSinks } from "./index.ts";

/** A receiver that remembers what it got, and does what a test says before it takes a batch. */
function receiver(changes: Partial<ConfiguredSink> = {}) {
  const got: Batch[] = [];
  const state = { before: (): Promise<void> => Promise.resolve(), closed: 0 };
  const configured: ConfiguredSink = {
    name: "siem",
    kind: "webhook",
    form: "entry",
    withDetail: false,
    batch: { entries: 3, waitMs: 0 },
    sink: {
      deliver: async (batch) => {
        await state.before();
        got.push(batch);
      },
      close: async () => {
        state.closed += 1;
      },
    },
    ...changes,
  };
  const indexes = (): number[] => got.flatMap(({ entries }) => entries.map(({ index }) => index));
  return { got, configured, indexes, state };
}

function parts(store: MemorySinkStore) {
  const logged: string[] = [];
  const note = (facts: object, sentence: string): void =>
    void logged.push(`${sentence} ${JSON.stringify(facts)}`);
  const timer = manualTimer();
  const clock = manualClock();
  const made: DeliveryParts = {
    store,
    source: { origin: "gatehouse.example/log", productVersion: "0.1.0" },
    keyring: store.keyring,
    clock,
    timer,
    random: () => 1,
    log: { info: note, warn: note, error: note },
  };
  return { ...made, timer, clock, logged };
}

const down = (): Promise<never> => Promise.reject(new Error("receiver is down"));

test("a receiver that is down is one line when it goes, one every so often, and one when it is back, without a stack", async () => {
  const store = memorySinkStore();
  store.grow(3);
  const siem = receiver();
  const made = parts(store);
  const delivery = new Delivery(siem.configured, made);
  siem.state.before = () =>
    Promise.reject(
      new GatehouseError("call_failed", "Cannot reach siem.example: ECONNREFUSED.", {
        cause: new Error("connect ECONNREFUSED 192.0.2.1:443"),
      }),
    );
  const roundsFor = async (ms: number): Promise<string[]> => {
    for (let passed = 0; passed < ms; passed += 60_000) {
      made.clock.pass(60_000);
      await delivery.round();
    }
    return made.logged.splice(0).filter((line) => !/lagging|caught up/.test(line));
  };
  expect(await roundsFor(limits.sinkDownSaidMs)).toEqual([
    'a sink does not take entries; they come again {"sink":"siem","next":0,"failures":1,"code":"call_failed","problem":"Cannot reach siem.example: ECONNREFUSED."}',
  ]);
  expect(await roundsFor(2 * limits.sinkDownSaidMs)).toEqual([
    expect.stringMatching(/^a sink still does not take entries .*"failures":11,/),
    expect.stringMatching(/^a sink still does not take entries .*"failures":21,/),
  ]);
  siem.state.before = () => Promise.reject(new GatehouseError("sink_refused", "siem.example answered 503."));
  expect(await roundsFor(limits.sinkDownSaidMs)).toEqual([expect.stringMatching(/answered 503/)]);
  siem.state.before = () => Promise.resolve();
  expect(await roundsFor(60_000)).toEqual([
    expect.stringMatching(/^a sink takes entries again .*"failures":40/),
  ]);
  siem.state.before = down;
  store.grow(1);
  expect(await roundsFor(60_000)).toEqual([expect.stringMatching(/^a sink does not take entries; .*"err":/)]);
});

test("what no checkpoint covers is not sent", async () => {
  const store = memorySinkStore();
  store.grow(5);
  store.published = 2;
  const siem = receiver();
  const delivery = new Delivery(siem.configured, parts(store));
  expect([await delivery.round(), await delivery.round()]).toEqual(["delivered", "idle"]);
  expect(siem.indexes()).toEqual([0, 1]);
});

test("a kill between the receiver and the cursor sends the batch again, in order, and loses nothing", async () => {
  const store = memorySinkStore();
  store.grow(7);
  const siem = receiver();
  let kills = 0;
  // Each second advance dies, as a process would; the next delivery starts over the same store.
  store.beforeAdvance = () => {
    kills += 1;
    return kills % 2 === 1 ? Promise.reject(new Error("killed")) : Promise.resolve();
  };
  for (let start = 0; start < 20 && store.cursors.get("siem") !== 7; start += 1) {
    await new Delivery(siem.configured, parts(store)).round();
  }
  expect(siem.indexes()).toEqual([0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5, 6, 6]);
});

test("a kill before the receiver has it sends the same batch after the restart", async () => {
  const store = memorySinkStore();
  store.grow(2);
  const siem = receiver();
  siem.state.before = down;
  expect(await new Delivery(siem.configured, parts(store)).round()).toBe("failed");
  siem.state.before = () => Promise.resolve();
  expect(await new Delivery(siem.configured, parts(store)).round()).toBe("delivered");
  expect(siem.indexes()).toEqual([0, 1]);
});

test("wherever it is killed, each entry arrives, and none before the one before it", async () => {
  for (let kill = 0; kill < 24; kill += 1) {
    const store = memorySinkStore();
    store.grow(10);
    const siem = receiver();
    let steps = 0;
    const step = (): Promise<void> => {
      steps += 1;
      return steps === kill ? Promise.reject(new Error("killed")) : Promise.resolve();
    };
    siem.state.before = step;
    store.beforeAdvance = step;
    let delivery = new Delivery(siem.configured, parts(store));
    for (let round = await delivery.round(); round !== "idle"; round = await delivery.round()) {
      if (round === "failed") delivery = new Delivery(siem.configured, parts(store));
    }
    const first = siem.indexes().filter((index, at, all) => all.indexOf(index) === at);
    expect(first, `killed at step ${kill}`).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  }
});

test("a receiver that refuses gets the same batch again and again, and nothing is skipped", async () => {
  const store = memorySinkStore();
  store.grow(5);
  const siem = receiver();
  siem.state.before = down;
  const under = parts(store);
  const delivery = new Delivery(siem.configured, under);
  for (let attempt = 0; attempt < 30; attempt += 1) await delivery.round();
  expect(delivery.status()).toMatchObject({
    next: 0,
    failures: 30,
    problem: "receiver is down",
    lagEntries: 5,
  });
  siem.state.before = () => Promise.resolve();
  while ((await delivery.round()) !== "idle");
  expect(siem.indexes()).toEqual([0, 1, 2, 3, 4]);
  expect(delivery.status()).toMatchObject({
    next: 5,
    failures: 0,
    problem: undefined,
    lagEntries: 0,
    lagMs: 0,
  });
  expect(under.logged.at(-1)).toContain("takes entries again");
});

test("an entry that is missing from the log stops the sink instead of being passed over", async () => {
  const store = memorySinkStore();
  store.grow(5);
  store.log.splice(1, 1);
  const siem = receiver();
  const delivery = new Delivery(siem.configured, parts(store));
  expect(await delivery.round()).toBe("failed");
  expect(delivery.status().problem).toContain("Entry 1 is missing from the log");
  store.log.length = 1;
  expect(await delivery.round()).toBe("failed");
  expect(siem.got).toEqual([]);
});

test("a log that is shorter than what was told already stops the sink", async () => {
  const store = memorySinkStore();
  store.grow(2);
  store.cursors.set("siem", 3);
  const delivery = new Delivery(receiver().configured, parts(store));
  expect([await delivery.round(), delivery.status().problem]).toEqual([
    "failed",
    expect.stringContaining("Was it replaced?"),
  ]);
});

test("an entry that cannot be read stops the sink instead of being passed over", async () => {
  const store = memorySinkStore();
  store.grow(1);
  const leaf = Buffer.from("{}");
  store.log[0] = {
    index: 0,
    leaf,
    leafHash: hashLeaf(leaf),
    about: {},
    detail: undefined,
  };
  const delivery = new Delivery(receiver().configured, parts(store));
  expect([await delivery.round(), delivery.status().problem]).toEqual([
    "failed",
    expect.stringContaining("Entry 0 of the log cannot be read"),
  ]);
});

test("a leaf that was changed in the database is not passed on beside the hash of the true one", async () => {
  for (const form of ["entry", "ocsf"] as const) {
    const store = memorySinkStore();
    store.grow(3);
    const [, second] = store.log;
    if (second === undefined) throw new Error("nothing to change");
    const changed = Buffer.from(Buffer.from(second.leaf).toString().replace("200", "403"));
    store.log[1] = { ...second, leaf: changed };
    const siem = receiver({ form });
    const delivery = new Delivery(siem.configured, parts(store));
    expect([await delivery.round(), delivery.status().problem]).toEqual([
      "failed",
      "Entry 1 of the log is not what was hashed. Run `gatehouse audit verify`.",
    ]);
    expect([siem.got, store.cursors.get("siem")]).toEqual([[], undefined]);
    store.log[1] = second;
    expect(await delivery.round()).toBe("delivered");
  }
});

test("a batch holds so many entries and so many bytes, and one entry always fits", async () => {
  const store = memorySinkStore();
  const detail = JSON.stringify("x".repeat(limits.sinkBatchBytesMax * 0.6));
  store.grow(3, { detail });
  store.grow(1, { detail: JSON.stringify("x".repeat(limits.sinkBatchBytesMax * 2)) });
  const siem = receiver({ withDetail: true });
  const delivery = new Delivery(siem.configured, parts(store));
  while ((await delivery.round()) !== "idle");
  expect(siem.got.map(({ first, last }) => [first, last])).toEqual([
    [0, 0],
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
});

test("a batch waits until it is full or its oldest entry has waited long enough", async () => {
  const store = memorySinkStore();
  store.grow(2);
  const siem = receiver({ batch: { entries: 3, waitMs: 60_000 } });
  const under = parts(store);
  const delivery = new Delivery(siem.configured, under);
  expect(await delivery.round()).toBe("idle");
  store.grow(2);
  expect([await delivery.round(), await delivery.round()]).toEqual(["delivered", "idle"]);
  under.clock.pass(60_000);
  expect(await delivery.round()).toBe("delivered");
  expect(siem.got.map(({ first, last }) => [first, last])).toEqual([
    [0, 2],
    [3, 3],
  ]);
});

test("a clock that was set back silences no sink that waits: an entry dated ahead is sent at once", async () => {
  const store = memorySinkStore();
  const under = parts(store);
  const dayAheadMs = 24 * 60 * 60 * 1000;
  store.grow(2, { t: new Date(under.clock.now().getTime() + dayAheadMs).toISOString() });
  const siem = receiver({ batch: { entries: 3, waitMs: 60_000 } });
  const delivery = new Delivery(siem.configured, under);
  expect([await delivery.round(), await delivery.round()]).toEqual(["delivered", "idle"]);
  expect(siem.indexes()).toEqual([0, 1]);
  expect(delivery.status()).toMatchObject({ lagEntries: 0, lagMs: 0, isLagging: false });
});

test("details leave only where that is configured", async () => {
  const store = memorySinkStore();
  store.grow(1, {
    detail: '{"host":"storage.googleapis.com"}',
    about: { principal: "developer@example.com" },
  });
  for (const form of ["entry", "ocsf"] as const) {
    const [plain, detailed] = [receiver({ form }), receiver({ form, withDetail: true })];
    await new Delivery({ ...plain.configured, name: `plain-${form}` }, parts(store)).round();
    await new Delivery({ ...detailed.configured, name: `detailed-${form}` }, parts(store)).round();
    expect(plain.got[0]?.entries[0]?.json).toContain("developer@example.com");
    expect(plain.got[0]?.entries[0]?.json).not.toContain("storage.googleapis.com");
    expect(detailed.got[0]?.entries[0]?.json).toContain('"host":"storage.googleapis.com"');
  }
});

/** Lets every promise of a round settle: it does no input or output of its own here. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("it looks again each second, and after failures later and later, up to five minutes", async () => {
  const store = memorySinkStore();
  store.grow(1);
  const siem = receiver();
  let attempts = 0;
  siem.state.before = () => {
    attempts += 1;
    return down();
  };
  const under = parts(store);
  const delivery = new Delivery(siem.configured, under);
  delivery.start();
  under.timer.pass(0);
  await settled();
  const waits: number[] = [];
  for (let retry = 0; retry < 11; retry += 1) {
    const before = attempts;
    let waited = 0;
    while (attempts === before) {
      under.timer.pass(500);
      waited += 500;
      await settled();
    }
    waits.push(waited);
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((seconds) => seconds * 1_000));
  siem.state.before = () => Promise.resolve();
  under.timer.pass(limits.sinkRetryMsMax);
  await settled();
  expect(siem.indexes()).toEqual([0]);
  await delivery.close();
});

test("a sink that stays behind is lagging, said once, and once when it has caught up", async () => {
  const store = memorySinkStore();
  store.grow(2);
  const siem = receiver();
  siem.state.before = down;
  const under = parts(store);
  const delivery = new Delivery(siem.configured, under);
  await delivery.round();
  expect(delivery.status()).toMatchObject({ isLagging: false, lagEntries: 2 });
  under.clock.pass(limits.sinkLagMsMax + 1);
  await delivery.round();
  await delivery.round();
  expect(delivery.status()).toMatchObject({ isLagging: true, lagMs: limits.sinkLagMsMax + 1 });
  siem.state.before = () => Promise.resolve();
  await delivery.round();
  expect(under.logged.filter((line) => line.startsWith("a sink is lagging"))).toHaveLength(1);
  expect(under.logged.filter((line) => line.startsWith("a sink has caught up"))).toHaveLength(1);
});

test("a closed delivery waits for its attempt, begins no other and closes its sink", async () => {
  const store = memorySinkStore();
  store.grow(1);
  const siem = receiver();
  const gate = Promise.withResolvers<void>();
  siem.state.before = () => gate.promise;
  const under = parts(store);
  const delivery = new Delivery(siem.configured, under);
  delivery.start();
  under.timer.pass(0);
  await settled();
  const closing = delivery.close();
  gate.resolve();
  await closing;
  expect([siem.state.closed, under.timer.waiting, store.cursors.get("siem")]).toEqual([1, 0, 1]);
});

test("an operator's move counts, also while a batch is under way, and is on record before it happens", async () => {
  const store = memorySinkStore();
  store.grow(9);
  const siem = receiver();
  const sinks = openSinks([siem.configured], parts(store));
  const recorded: number[] = [];
  const record = async (from: number): Promise<void> => {
    expect(store.cursors.get("siem") ?? 0).toBe(from);
    recorded.push(from);
  };
  expect(await sinks.move("nobody", 1, record)).toBeUndefined();
  expect(await sinks.move("siem", 10, record)).toBeUndefined();
  await expect(sinks.move("siem", 6, () => Promise.reject(new Error("disk full")))).rejects.toThrow(
    "disk full",
  );
  expect(store.cursors.get("siem")).toBeUndefined();
  expect(await sinks.move("siem", 6, record)).toEqual({ from: 0, to: 6 });
  expect(recorded).toEqual([0]);
  await sinks.close();

  const delivery = new Delivery(siem.configured, parts(store));
  siem.state.before = () => store.move("siem", 8);
  await delivery.round();
  expect(delivery.status().next).toBe(8);
  siem.state.before = () => Promise.resolve();
  await delivery.round();
  expect(siem.indexes()).toEqual([6, 7, 8, 8]);
});
