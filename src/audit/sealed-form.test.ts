import { createDecipheriv, createHmac, randomBytes } from "node:crypto";
import { constantFrom, assert as holds, integer, property, uint8Array } from "fast-check";
import { expect, test } from "vitest";
import { chunkBytes, seal, unseal } from "./sealed-form.ts";

const key = randomBytes(32);
const place = { recordId: "rec_1", role: "request" };
/** Version and prefix before the first chunk; tag behind each. */
const head = 8;
const sealedChunk = chunkBytes + 16;
const chunkOf = (sealed: Uint8Array, number: number): Uint8Array =>
  sealed.subarray(head + number * sealedChunk, head + (number + 1) * sealedChunk);

test("one bit changed anywhere refuses the whole", () => {
  const sealed = seal(randomBytes(100), place, key);
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const changed = Buffer.from(sealed);
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    expect(unseal(changed, place, key), `bit ${bit}`).toBeUndefined();
  }
});

test("chunks that changed places, were dropped, repeated or cut off are refused", () => {
  const sealed = seal(randomBytes(3 * chunkBytes), place, key);
  const start = sealed.subarray(0, head);
  const [first, second, third] = [chunkOf(sealed, 0), chunkOf(sealed, 1), chunkOf(sealed, 2)];
  expect(unseal(Buffer.concat([start, first, second, third]), place, key)).toHaveLength(3 * chunkBytes);
  const attempts = {
    swapped: [second, first, third],
    "the last one cut": [first, second],
    "the first one dropped": [second, third],
    "the middle one dropped": [first, third],
    "one repeated": [first, second, second, third],
    "the last one repeated": [first, second, third, third],
    "cut within a chunk": [first, second, third.subarray(0, 1_000)],
    "cut within a tag": [first, second, third.subarray(0, 8)],
    nothing: [],
  };
  for (const [how, chunks] of Object.entries(attempts))
    expect(unseal(Buffer.concat([start, ...chunks]), place, key), how).toBeUndefined();
});

test("a chunk of another sealing at the same number is refused", () => {
  const [one, other] = [
    seal(randomBytes(2 * chunkBytes), place, key),
    seal(randomBytes(2 * chunkBytes), place, key),
  ];
  const mixed = Buffer.concat([one.subarray(0, head), chunkOf(one, 0), chunkOf(other, 1)]);
  expect(unseal(mixed, place, key)).toBeUndefined();
});

test("what was sealed for one record, role or key opens nowhere else", () => {
  const sealed = seal(randomBytes(10), place, key);
  for (const [recordId, role] of [
    ["rec_2", "request"],
    ["rec_1", "answer"],
    ["rec_1\nrequest", ""],
    ["", "rec_1\nrequest"],
  ] as const)
    expect(unseal(sealed, { recordId, role }, key)).toBeUndefined();
  expect(unseal(sealed, place, randomBytes(32))).toBeUndefined();
});

test("a form of another version is refused, and so is what is too short for any", () => {
  const sealed = seal(randomBytes(10), place, key);
  sealed.writeUInt8(2, 0);
  expect(unseal(sealed, place, key)).toBeUndefined();
  for (let length = 0; length < 24; length += 1)
    expect(unseal(Buffer.alloc(length, 1), place, key)).toBeUndefined();
});

test("the same bytes sealed twice have nothing in common", () => {
  const plain = Buffer.alloc(2 * chunkBytes, "a");
  const [one, other] = [seal(plain, place, key), seal(plain, place, key)];
  expect(one.equals(other)).toBe(false);
  expect(Buffer.from(chunkOf(one, 0)).equals(chunkOf(one, 1))).toBe(false);
  expect(one.includes("aaaaaaaa")).toBe(false);
});

test("whatever is sealed comes back, at every length around the border of a chunk", () => {
  const near = constantFrom(0, 1, chunkBytes, 2 * chunkBytes, 3 * chunkBytes);
  holds(
    property(near, integer({ min: -17, max: 17 }), uint8Array({ maxLength: 40 }), (about, off, start) => {
      const plain = Buffer.alloc(Math.max(0, about + off));
      plain.set(start.subarray(0, plain.length));
      const sealed = seal(plain, place, key);
      const chunks = Math.max(1, Math.ceil(plain.length / chunkBytes));
      expect(sealed.length).toBe(head + plain.length + 16 * chunks);
      expect(unseal(sealed, place, key)?.equals(plain)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test("the form is the documented one: a stranger opens it chunk by chunk", () => {
  const plain = randomBytes(chunkBytes + 5);
  const sealed = seal(plain, place, key);
  const own = createHmac("sha256", key).update("rec_1\nrequest").digest();
  const opened = [0, 1].map((number) => {
    const chunk = chunkOf(sealed, number);
    const nonce = Buffer.concat([sealed.subarray(1, 8), Buffer.of(0, 0, 0, number, number)]);
    const cipher = createDecipheriv("aes-256-gcm", own, nonce, { authTagLength: 16 });
    cipher.setAAD(Buffer.from(`rec_1\nrequest\n${number}`)).setAuthTag(chunk.subarray(-16));
    return Buffer.concat([cipher.update(chunk.subarray(0, -16)), cipher.final()]);
  });
  expect(Buffer.concat(opened).equals(plain)).toBe(true);
});
