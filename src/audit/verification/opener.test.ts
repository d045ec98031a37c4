import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sealAttachment } from "../attachment.ts";
import { DataKey } from "../data-key.ts";
import { type Opener, openHere, type Sample } from "./opener.ts";
import { type OpenerThread, startOpenerThread } from "./opener-thread.ts";

const newKey = (): DataKey => DataKey.derive("ses_1", randomBytes(32));

function sampleOf(text: string, key: DataKey, isRead = false): Sample {
  const place = { recordId: "rec_1", role: "detail" };
  const kept = { role: "detail", bytes: Buffer.from(text), isTruncated: false } as const;
  const { bytes, commitment } = sealAttachment(kept, place.recordId, key);
  return { place, committed: commitment, bytes, isRead };
}

function withByteFlipped(sample: Sample): Sample {
  const bytes = Buffer.from(sample.bytes);
  bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20);
  return { ...sample, bytes };
}

let thread: OpenerThread;
beforeAll(() => {
  thread = startOpenerThread();
});
afterAll(() => thread.close());

const openers: [string, () => Opener][] = [
  ["here", () => openHere],
  ["on a thread of its own", () => thread],
];

describe.each(openers)("%s", (_, opener) => {
  test("what is as committed is opened, and handed out only where somebody reads it", async () => {
    const key = newKey();
    const samples = [sampleOf("one", key, true), sampleOf("two", key), sampleOf("", key, true)];
    expect(await opener().open(samples, key)).toEqual([
      { kind: "opened", bytes: new Uint8Array(Buffer.from("one")) },
      { kind: "opened", bytes: undefined },
      { kind: "opened", bytes: new Uint8Array() },
    ]);
  });

  test("one changed byte, another place, another key, another length and another digest are each told, and only those", async () => {
    const key = newKey();
    const good = sampleOf("good", key);
    const other = sampleOf("other", key);
    const samples = [
      good,
      withByteFlipped(good),
      { ...good, place: { ...good.place, recordId: "rec_2" } },
      sampleOf("good", newKey()),
      { ...good, committed: { ...good.committed, bytes: 5 } },
      { ...good, committed: { ...good.committed, mac: other.committed.mac } },
      { ...good, committed: { ...good.committed, sealed: other.committed.sealed } },
      good,
    ];
    const verdicts = await opener().open(samples, key);
    expect(verdicts.map(({ kind }) => kind)).toEqual([
      "opened",
      ...Array.from({ length: 6 }, () => "changed"),
      "opened",
    ]);
  });

  test("without a key the ciphertext is still held against the entry", async () => {
    const good = sampleOf("good", newKey(), true);
    expect(await opener().open([good, withByteFlipped(good)], undefined)).toEqual([
      { kind: "sealed" },
      { kind: "changed" },
    ]);
  });

  test("batches asked for together are each answered with their own verdicts", async () => {
    const batches = Array.from({ length: 20 }, (__, n) => {
      const key = newKey();
      return { key, samples: [sampleOf(`batch ${n}`, key, true)] };
    });
    const answers = await Promise.all(batches.map(({ key, samples }) => opener().open(samples, key)));
    const texts = answers.map(([verdict]) =>
      verdict?.kind === "opened" ? Buffer.from(verdict.bytes ?? []).toString("utf8") : verdict?.kind,
    );
    expect(texts).toEqual(batches.map((__, n) => `batch ${n}`));
  });

  test("with a key that was forgotten nothing is opened", () => {
    const key = newKey();
    const sample = sampleOf("late", key);
    key.forget();
    expect(() => opener().open([sample], key)).toThrow("were erased");
  });

  test("the key stays with whoever lent it", async () => {
    const key = newKey();
    await opener().open([sampleOf("one", key)], key);
    expect(await opener().open([sampleOf("two", key)], key)).toMatchObject([{ kind: "opened" }]);
  });
});

test("a thread that is gone gives no verdict, neither on what it was asked nor on what it is asked later", async () => {
  const key = newKey();
  const gone = startOpenerThread();
  const asked = gone.open([sampleOf("asked", key)], key);
  const refused = expect(asked).rejects.toThrow("The thread that opens what is sealed is gone");
  await gone.close();
  await refused;
  await expect(gone.open([sampleOf("later", key)], key)).rejects.toThrow("is gone");
});

test("a question the thread cannot answer is an error, and the next one is answered", async () => {
  const key = newKey();
  const good = sampleOf("good", key);
  const broken = { ...good, committed: { ...good.committed, mac: 7 as unknown as string } };
  await expect(thread.open([broken], key)).rejects.toThrow();
  expect(await thread.open([good], key)).toMatchObject([{ kind: "opened" }]);
});
