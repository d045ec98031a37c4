import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeBucket, startFakeBucket } from "../../test/fakes/bucket.ts";
import { manualClock } from "../../test/fakes/manual-clock.ts";
import { manualTimer } from "../../test/fakes/manual-timer.ts";
import { type MemorySinkStore, memorySinkStore } from "../../test/fakes/memory-sink-store.ts";
import { objectSinkTo } from "../../test/fakes/object-sink.ts";
import { type ConfiguredSink, Delivery, type Sink } from "./index.ts";

// A batch whose object is there already, in other bytes.
let bucket: FakeBucket;
let sink: Sink;
beforeEach(async () => {
  bucket = await startFakeBucket();
  sink = objectSinkTo(bucket, "audit");
});
afterEach(async () => {
  await sink.close();
  await bucket.close();
});

type Form = ConfiguredSink["form"];
const forms = ["entry", "ocsf"] as const;
const key = "audit/000000000000-000000000001.jsonl";
const about = { principal: "developer@example.com", agent: "cursor", resource: "b/reports/o/q3.csv" };

function twoEntries(): MemorySinkStore {
  const store = memorySinkStore();
  store.grow(2, { about, detail: '{"host":"storage.googleapis.com"}' });
  return store;
}

/** A delivery of this version of Gatehouse, as after a start. */
function delivery(store: MemorySinkStore, form: Form, productVersion = "0.1.0"): Delivery {
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
  return new Delivery(
    {
      name: "bucket",
      kind: "object_store",
      form,
      withDetail: true,
      batch: { entries: 2, waitMs: 0 },
      sink,
    },
    {
      store,
      source: { origin: "gatehouse.example/log", productVersion },
      keyring: store.keyring,
      clock: manualClock(),
      timer: manualTimer(),
      random: () => 1,
      log: silent,
    },
  );
}

/** Puts the object that a delivery makes, forgets that it was sent, and changes what lies in the bucket. */
async function sentBefore(store: MemorySinkStore, form: Form, change = (text: string) => text) {
  expect(await delivery(store, form).round()).toBe("delivered");
  store.cursors.set("bucket", 0);
  const there = bucket.objects.get(key);
  if (there === undefined) throw new Error("nothing was put");
  const changed = change(there.bytes.toString());
  bucket.objects.set(key, { ...there, bytes: Buffer.from(changed) });
  return changed;
}

async function sentAgain(store: MemorySinkStore, form: Form, productVersion?: string) {
  const again = delivery(store, form, productVersion);
  return [await again.round(), store.cursors.get("bucket"), again.status().problem] as const;
}

const refused = ["failed", 0, expect.stringContaining("holds something else")];

test.each(forms)(
  "names erased between an object and its cursor do not stop the sink for ever (form %s)",
  async (form) => {
    const store = twoEntries();
    store.beforeAdvance = () => Promise.reject(new Error("killed"));
    expect(await delivery(store, form).round()).toBe("failed");
    store.beforeAdvance = () => Promise.resolve();
    const there = bucket.objects.get(key)?.bytes.toString();
    for (const [at, entry] of store.log.entries()) store.log[at] = { ...entry, about: {}, detail: undefined };
    expect(await sentAgain(store, form)).toEqual(["delivered", 2, undefined]);
    expect(bucket.objects.get(key)?.bytes.toString()).toBe(there);
  },
);

test.each(forms)("a later version sends again what an earlier one put there (form %s)", async (form) => {
  const store = twoEntries();
  await sentBefore(store, form);
  expect(await sentAgain(store, form, "0.2.0")).toEqual(["delivered", 2, undefined]);
});

test("an event that an earlier version made of another class and severity is still that entry", async () => {
  const store = twoEntries();
  await sentBefore(store, "ocsf", (text) =>
    text
      .replaceAll('"severity_id":1,"severity":"Informational"', '"severity_id":3,"severity":"Medium"')
      .replaceAll(/"src_endpoint":\{[^}]*\},?/g, ""),
  );
  expect(await sentAgain(store, "ocsf")).toEqual(["delivered", 2, undefined]);
});

test.each(forms)("another log's entries under the same indexes are refused (form %s)", async (form) => {
  const other = memorySinkStore();
  other.grow(2, { about, t: "2026-11-24T13:00:00.000Z" });
  await sentBefore(other, form);
  expect(await sentAgain(twoEntries(), form)).toEqual(["failed", undefined, refused[2]]);
});

const lines = (text: string): readonly [string, string] => {
  const [first = "", second = ""] = text.split("\n");
  return [first, second];
};

test.each<[string, (text: string) => string]>([
  ["nothing", () => ""],
  ["no JSON", (text) => text.replace("{", "(")],
  ["JSON of something else", () => '{"index":0}\n{"index":1}\n'],
  ["one entry only", (text) => `${lines(text)[0]}\n`],
  ["an entry too many", (text) => `${text}${lines(text)[1]}\n`],
  ["the same entry twice", (text) => `${lines(text)[0]}\n${lines(text)[0]}\n`],
  ["its lines in another order", (text) => `${lines(text)[1]}\n${lines(text)[0]}\n`],
  ["a line that was cut short", (text) => text.slice(0, -2)],
  ["a line without its end", (text) => text.slice(0, -1)],
  ["another index", (text) => text.replace(/"(index|sequence)":1/, '"$1":7')],
  ["another id", (text) => text.replaceAll("rec_1", "rec_9")],
  ["another time", (text) => text.replaceAll("2026-11-24T12:00:00.000Z", "2026-11-24T12:00:01.000Z")],
  ["another status", (text) => text.replaceAll("200", "403")],
  ["another kind", (text) => text.replaceAll("exchange.outcome", "exchange.refused")],
  ["another class", (text) => text.replaceAll(/read(\\?")/g, "write$1")],
  ["another person", (text) => text.replaceAll("developer@", "somebody@")],
  ["nobody, where we know who", (text) => text.replaceAll(/,?"(principal|user)":("[^"]*"|\{[^}]*\})/g, "")],
  ["another agent", (text) => text.replaceAll("cursor", "codex")],
  ["another resource", (text) => text.replaceAll("q3.csv", "q4.csv")],
  ["another detail", (text) => text.replaceAll("storage.googleapis.com", "evil.example")],
  ["no detail", (text) => text.replaceAll(/,"detail":\{[^}]*\}/g, "")],
  ["a member that is there twice", (text) => text.replaceAll("developer@example.com", 'x","principal":"y')],
  [
    "a name that is there twice, the right one last",
    (text) => text.replaceAll(/"(principal|name)":"developer/g, '"$1":"somebody","$1":"developer'),
  ],
])("an object that holds %s is refused, in either form, and stays as it is", async (_, change) => {
  for (const form of forms) {
    const store = twoEntries();
    bucket.objects.clear();
    const there = await sentBefore(store, form, change);
    expect(await sentAgain(store, form), form).toEqual(refused);
    expect(bucket.objects.get(key)?.bytes.toString()).toBe(there);
  }
});

test.each<[Form, Form]>([
  ["entry", "ocsf"],
  ["ocsf", "entry"],
])("an object in form %s is refused where the receiver was promised %s", async (sent, promised) => {
  const store = twoEntries();
  await sentBefore(store, sent);
  expect(await sentAgain(store, promised)).toEqual(refused);
});
