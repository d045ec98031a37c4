import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { recordedMessage } from "../api/index.ts";
import { captureBody, decodeRecording, encodeRecording, type Recording, showRecording } from "./index.ts";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const recording = (changes: Partial<Recording> = {}): Recording => ({
  startLine: "HTTP/1.1 200 OK",
  headers: [["Content-Type", "application/json"]],
  body: Buffer.from('{"a":1}'),
  isTruncated: false,
  ...changes,
});
const shown = (body: Uint8Array, isTruncated = false) => showRecording(recording({ body, isTruncated }));

test("what is not a recording is refused, whatever it is cut or spliced from", () => {
  const good = Buffer.from(encodeRecording(recording()));
  for (const bad of [
    Buffer.of(),
    Buffer.from("gatehouse-recording/1\n"),
    Buffer.from("gatehouse-recording/2\n{}\n"),
    Buffer.from("gatehouse-recording/1\n{}\n"),
    Buffer.from("gatehouse-recording/1\nnull\nbody"),
    Buffer.from('gatehouse-recording/1\n{"startLine":1,"headers":[],"isTruncated":false}\n'),
    Buffer.from('gatehouse-recording/1\n{"startLine":"","headers":[["a"]],"isTruncated":false}\n'),
    good.subarray(1),
    good.subarray(0, 40),
  ]) {
    expect(() => decodeRecording(bad)).toThrow("not a recording");
  }
});

test("a hostile body or header cannot pass for another part of the recording", () => {
  const hostile = recording({
    startLine: "GET / HTTP/1.1\n{}\n",
    headers: [["x\n", "gatehouse-recording/1\n"]],
    body: Buffer.from("\n{}\ngatehouse-recording/1\n"),
  });
  expect(decodeRecording(encodeRecording(hostile))).toEqual(hostile);
});

test("a recording comes back as it was", () => {
  fc.assert(
    fc.property(
      fc.record({
        startLine: fc.string(),
        headers: fc.array(fc.tuple(fc.string(), fc.string())),
        body: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
        isTruncated: fc.boolean(),
      }),
      (original) => {
        expect(decodeRecording(encodeRecording(original))).toEqual(original);
      },
    ),
  );
});

test("text is shown as text and everything else as base64, in the shape of the control plane", () => {
  expect(shown(Buffer.from('{"ü":1}'))).toMatchObject({ encoding: "utf8", body: '{"ü":1}' });
  expect(shown(Buffer.from("\uFEFFmark"))).toMatchObject({ encoding: "utf8", body: "\uFEFFmark" });
  expect(shown(Buffer.of(0xff, 0xfe))).toMatchObject({ encoding: "base64", body: "//4=" });
  expect(shown(Buffer.from("a\0b"))).toMatchObject({ encoding: "base64" });
  expect(recordedMessage.parse(shown(Buffer.from("x")))).toEqual(shown(Buffer.from("x")));
});

test("a text that was cut within a character is still text, but a broken whole one is not", () => {
  const cut = Buffer.from("ü").subarray(0, 1);
  expect(shown(Buffer.concat([Buffer.from("a"), cut]), true)).toMatchObject({ encoding: "utf8", body: "a" });
  expect(shown(Buffer.concat([Buffer.from("a"), cut]), false)).toMatchObject({ encoding: "base64" });
});

test("a body passes through unchanged while its beginning is kept, however it is chunked", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 20 })),
      fc.nat({ max: 60 }),
      async (chunks, limit) => {
        const capture = captureBody(limit);
        const whole = Buffer.concat(chunks);
        const source = Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
        expect(await buffer(source.pipe(capture.stream))).toEqual(whole);
        expect(capture.captured()).toEqual({
          bytes: whole.subarray(0, limit),
          totalBytes: whole.byteLength,
          sha256: sha256(whole),
          isTruncated: whole.byteLength > limit,
        });
      },
    ),
  );
});

test("a chunk that is overwritten later does not change what was kept", async () => {
  const capture = captureBody(100);
  const chunk = Buffer.from("original");
  capture.stream.resume().write(chunk);
  chunk.fill(0);
  capture.stream.end();
  await new Promise((resolve) => capture.stream.on("close", resolve));
  expect(Buffer.from(capture.captured().bytes).toString()).toBe("original");
});

test("a body that breaks off leaves what had passed", async () => {
  const capture = captureBody(100);
  const broken = Readable.from(
    (async function* () {
      yield Buffer.from("first ");
      yield Buffer.from("second");
      throw new Error("the connection broke");
    })(),
  );
  await expect(pipeline(broken, capture.stream.resume())).rejects.toThrow("broke");
  expect(capture.captured()).toMatchObject({ totalBytes: 12, sha256: sha256(Buffer.from("first second")) });
});
