import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { readCapped } from "./capped-body.ts";

test("a body without end is read no further than is allowed, and let go", async () => {
  let pieces = 0;
  const endless = new Readable({
    highWaterMark: 1,
    read() {
      pieces += 1;
      this.push(Buffer.alloc(100));
    },
  });
  expect(await readCapped(endless, 1_000)).toBeUndefined();
  expect(endless.destroyed).toBe(true);
  expect(pieces).toBeLessThan(20);
});

test("a body as long as is allowed is read whole, and one byte more is too many", async () => {
  const body = () => Readable.from([Buffer.from("one "), Buffer.from("two")]);
  expect(Buffer.from((await readCapped(body(), 7)) ?? []).toString()).toBe("one two");
  expect(await readCapped(body(), 6)).toBeUndefined();
});

test("a body that breaks off is an error, not a short body", async () => {
  const broken = Readable.from(
    (async function* () {
      yield Buffer.from("half");
      throw new Error("reset");
    })(),
  );
  await expect(readCapped(broken, 1_000)).rejects.toThrow("reset");
});
