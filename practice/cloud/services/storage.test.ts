import { createHash } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type PracticeCloud, startPracticeCloud } from "#practice/cloud";
import { type Ask, accessTokenFor, ask, type Reply, SteppedClock } from "../caller.fixture.ts";

const HOST = "storage.googleapis.com";
const OBJECTS = "storage/v1/b/practice-bucket/o";
const UPLOAD = `upload/${OBJECTS}`;
const CHUNK = 256 * 1024;

let cloud: PracticeCloud;
let token: string;

beforeEach(async () => {
  const clock = new SteppedClock();
  cloud = await startPracticeCloud({ clock });
  token = await accessTokenFor(cloud, await cloud.issueKey(), clock.now());
});

afterEach(() => cloud.close());

function storage(line: string, more: Ask = {}): Promise<Reply> {
  return ask(cloud, line.replace(" ", ` ${HOST}/`), { token, ...more });
}

async function begin(name: string): Promise<string> {
  const headers = { "x-upload-content-type": "text/plain" };
  const reply = await storage(`POST resumable/${UPLOAD}?uploadType=resumable&name=${name}`, {
    headers,
    body: {},
  });
  return reply.headers.location ?? "";
}

function put(location: string, body: Buffer, range?: string): Promise<Reply> {
  return ask(cloud, `PUT ${location}`, {
    body,
    headers: range === undefined ? {} : { "content-range": range },
  });
}

test("an upload id that the practice cloud did not give is refused, as is an upload to no bucket", async () => {
  const reply = await ask(cloud, `PUT ${HOST}/${UPLOAD}?uploadType=resumable&upload_id=guess`, { body: "x" });
  expect(reply.status).toBe(401);
  expect(
    (await storage("POST upload/storage/v1/b/no-such-bucket/o?uploadType=media&name=x", { body: "x" }))
      .status,
  ).toBe(404);
});

test("an upload id is good for its own bucket only", async () => {
  await storage("POST storage/v1/b", { body: { name: "other-bucket" }, headers: {} });
  const location = (await begin("x")).replace("/b/practice-bucket/", "/b/other-bucket/");
  expect((await put(location, Buffer.from("x"))).status).toBe(404);
});

test("bytes that do not fit their checksum are refused and not stored", async () => {
  const metadata = JSON.stringify({
    name: "bad.txt",
    md5Hash: createHash("md5").update("other").digest("base64"),
  });
  const body = `--b\r\ncontent-type: application/json\r\n\r\n${metadata}\r\n--b\r\ncontent-type: text/plain\r\n\r\nx\r\n--b--`;
  const headers = { "content-type": "multipart/related; boundary=b" };
  expect((await storage(`POST ${UPLOAD}?uploadType=multipart`, { headers, body })).status).toBe(400);
  expect((await storage(`GET ${OBJECTS}/bad.txt`)).status).toBe(404);
});

test("a multipart body without end, boundary or second part is refused", async () => {
  const headers = { "content-type": "multipart/related; boundary=b" };
  for (const [type, body] of [
    ["multipart/related", "--b--"],
    [headers["content-type"], "--b\r\n\r\n{}"],
    [headers["content-type"], "--b\r\n\r\n{}\r\n--b--"],
    [headers["content-type"], ""],
  ] as const) {
    const reply = await storage(`POST ${UPLOAD}?uploadType=multipart`, {
      headers: { "content-type": type },
      body,
    });
    expect(reply.status).toBe(400);
  }
});

test("a precondition that does not hold changes nothing", async () => {
  const reply = await storage(`POST ${UPLOAD}?uploadType=media&name=README.txt&ifGenerationMatch=0`, {
    body: "x",
  });
  expect([reply.status, reply.json()]).toMatchObject([
    412,
    { error: { errors: [{ reason: "conditionNotMet" }] } },
  ]);
  expect((await storage(`DELETE ${OBJECTS}/README.txt?ifGenerationMatch=1`)).status).toBe(412);
  expect((await storage(`GET ${OBJECTS}/README.txt?generation=1`)).status).toBe(404);
  expect((await storage(`GET ${OBJECTS}/README.txt`)).status).toBe(200);
});

test("a bucket that holds objects cannot be deleted, nor created twice, nor with a bad name", async () => {
  expect((await storage("DELETE storage/v1/b/practice-bucket")).status).toBe(409);
  expect((await storage("POST storage/v1/b", { body: { name: "practice-bucket" } })).status).toBe(409);
  expect((await storage("POST storage/v1/b", { body: { name: "../x" } })).status).toBe(400);
});

test("what a media or multipart upload wrote comes back byte for byte, with its hashes", async () => {
  const bytes = Buffer.from([0, 13, 10, 45, 45, 98, 255, 13, 10]);
  const head = `--b2\r\ncontent-type: application/json\r\n\r\n{"name":"a/b c.bin"}\r\n--b2\r\ncontent-type: image/png\r\n\r\n`;
  const body = Buffer.concat([Buffer.from(head), bytes, Buffer.from("\r\n--b2--\r\n")]);
  const headers = { "content-type": "multipart/related; boundary='b2'" };
  const written = await storage(`POST ${UPLOAD}?uploadType=multipart`, { headers, body });
  expect(written.json()).toMatchObject({
    name: "a/b c.bin",
    contentType: "image/png",
    size: "9",
    md5Hash: createHash("md5").update(bytes).digest("base64"),
  });
  const read = await storage(`GET download/${OBJECTS}/a%2Fb%20c.bin?alt=media`);
  expect(read.bytes).toEqual(bytes);
  expect(read.headers).toMatchObject({
    "content-type": "image/png",
    "x-goog-hash": expect.stringContaining("md5=") as string,
  });
});

test("a resumable upload goes on in chunks without a bearer, tells how far it is, and ends as an object", async () => {
  const bytes = Buffer.alloc(2 * CHUNK + 10, "abc");
  const location = await begin("big.txt");
  expect((await put(location, Buffer.alloc(0), "bytes */*")).status).toBe(308);
  const first = await put(location, bytes.subarray(0, CHUNK), `bytes 0-${CHUNK - 1}/*`);
  expect([first.status, first.headers.range]).toEqual([308, `bytes=0-${CHUNK - 1}`]);
  const repeated = await put(location, bytes.subarray(0, CHUNK), `bytes 0-${CHUNK - 1}/*`);
  expect([repeated.status, repeated.headers.range]).toEqual([308, `bytes=0-${CHUNK - 1}`]);
  expect((await put(location, Buffer.from("odd"), `bytes ${CHUNK}-${CHUNK + 2}/*`)).status).toBe(400);
  expect((await put(location, Buffer.from("odd"), "bytes 5-1/9")).status).toBe(400);
  const last = await put(
    location,
    bytes.subarray(CHUNK),
    `bytes ${CHUNK}-${bytes.length - 1}/${bytes.length}`,
  );
  expect([last.status, last.json()]).toMatchObject([
    200,
    { size: String(bytes.length), contentType: "text/plain" },
  ]);
  expect((await storage(`GET ${OBJECTS}/big.txt?alt=media`)).bytes.equals(bytes)).toBe(true);
  expect((await put(location, Buffer.from("x"))).status).toBe(401);
});

test("a cancelled upload leaves nothing", async () => {
  const location = await begin("gone.txt");
  expect((await ask(cloud, `DELETE ${location}`)).status).toBe(499);
  expect((await put(location, Buffer.from("x"))).status).toBe(401);
});

test("ranges are answered with 206, those beyond the end with 416, and unreadable ones with everything", async () => {
  const read = (range: string): Promise<Reply> =>
    storage(`GET ${OBJECTS}/README.txt?alt=media`, { headers: { range } });
  const whole = (await storage(`GET ${OBJECTS}/README.txt?alt=media`)).bytes;
  const some = await read("bytes=5-10");
  expect([some.status, some.headers["content-range"]]).toEqual([206, `bytes 5-10/${whole.length}`]);
  expect(some.bytes).toEqual(whole.subarray(5, 11));
  expect((await read("bytes=-4")).bytes).toEqual(whole.subarray(-4));
  expect((await read("bytes=0-")).bytes).toEqual(whole);
  expect((await read("bytes=9999-")).status).toBe(416);
  expect((await read("lines=1-2")).status).toBe(200);
});

test("a listing folds names at the delimiter and comes in pages", async () => {
  const folded = await storage(`GET ${OBJECTS}?delimiter=/`);
  expect(folded.json()).toMatchObject({ items: [{ name: "README.txt" }], prefixes: ["reports/"] });
  const first = (await storage(`GET ${OBJECTS}?maxResults=1`)).json() as { nextPageToken: string };
  const second = await storage(`GET ${OBJECTS}?maxResults=1&pageToken=${first.nextPageToken}`);
  expect(second.json()).toMatchObject({ items: [{ name: "reports/2026-q3.csv" }] });
  expect(second.json()).not.toHaveProperty("nextPageToken");
  expect((await storage(`GET ${OBJECTS}?pageToken=forged`)).status).toBe(400);
});

test("objects are copied, rewritten, patched and deleted, each write with a new generation", async () => {
  const copy = await storage(`POST ${OBJECTS}/README.txt/rewriteTo/b/practice-bucket/o/copy.txt`, {
    body: {},
  });
  expect(copy.json()).toMatchObject({
    done: true,
    resource: { name: "copy.txt", contentType: "text/plain" },
  });
  const patched = await storage(`PATCH ${OBJECTS}/copy.txt`, {
    body: { contentType: "text/x", name: "other" },
  });
  expect(patched.json()).toMatchObject({ name: "copy.txt", contentType: "text/x", metageneration: "2" });
  expect((await storage(`DELETE ${OBJECTS}/copy.txt`)).status).toBe(204);
  expect((await storage(`DELETE ${OBJECTS}/copy.txt`)).status).toBe(404);
});

test("a bucket's policy is the body itself, and is read back as set", async () => {
  const bindings = [{ role: "roles/storage.objectViewer", members: ["allUsers"] }];
  expect((await storage("PUT storage/v1/b/practice-bucket/iam", { body: { bindings } })).status).toBe(200);
  expect((await storage("GET storage/v1/b/practice-bucket/iam")).json()).toMatchObject({ bindings });
});
