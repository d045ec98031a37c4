import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { bench, host, readUntil } from "../../test/fakes/data-plane-under-test.ts";
import { rawAnswer } from "../../test/fakes/scripted-upstream.ts";

const target = "/storage/v1/b/logs";
const download = "/download/storage/v1/b/logs/o/x?alt=media";
const upload = "/upload/storage/v1/b/logs/o?uploadType=media";

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, index) => index));

test.each([
  ["with a length", (body: Buffer) => [`Content-Length: ${body.length}\r\n\r\n`, body]],
  [
    "chunked",
    (body: Buffer) => [
      `Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n`,
      body,
      "\r\n0\r\n\r\n",
    ],
  ],
] as const)("an upload %s arrives as it was sent", async (_name, frame) => {
  const under = await bench();
  for (const size of [1, 256, limits.digestedBodyBytesMax + 256]) {
    const body = Buffer.alloc(size, everyByte);
    const socket = await under.tunnel();
    socket.write(`POST ${upload} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n`);
    for (const part of frame(body)) socket.write(part);
    expect(await readUntil(socket)).toMatch(/^HTTP\/1\.1 200 /);
    const sent = under.upstream.requests.at(-1);
    expect(sent?.body.equals(body), String(size)).toBe(true);
    expect(under.audit.entries.at(-1)).toMatchObject({
      kind: "exchange.outcome",
      requestBody: { bytes: size },
    });
  }
});

test.each([
  ["an empty body", "Content-Length: 0\r\n\r\n"],
  ["an empty chunked body", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
  ["no body at all", "\r\n"],
])("%s stays empty", async (_name, rest) => {
  const under = await bench();
  const socket = await under.tunnel();
  socket.write(`POST ${upload} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${rest}`);
  expect(await readUntil(socket)).toMatch(/^HTTP\/1\.1 200 /);
  expect(under.upstream.requests[0]?.body).toHaveLength(0);
  expect(under.upstream.requests[0]?.headers.get("content-length")).toBe("0");
});

test("a download without a length ends when the upstream ends", async () => {
  const under = await bench({
    script: (_request, socket) => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nConnection: close\r\n\r\n");
      socket.end(everyByte);
    },
  });
  const socket = await under.tunnel();
  socket.write(`GET ${download} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  const reply = await readUntil(socket);
  expect(reply).toMatch(/transfer-encoding: chunked/i);
  expect(reply).toContain(`100\r\n${everyByte.toString("latin1")}\r\n0\r\n\r\n`);
});

test("a large download passes whole, with its length and a bounded memory", async () => {
  const size = 8 * 1024 * 1024;
  const under = await bench({
    script: rawAnswer(
      `HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: ${size}\r\n\r\n`,
      Buffer.alloc(size, everyByte),
    ),
  });
  const answer = await under.send({ target: download });
  expect(answer.headers["content-length"]).toBe(String(size));
  expect(under.audit.entries.at(-1)).toMatchObject({ kind: "exchange.outcome", answerBody: { bytes: size } });
  expect(under.audit.entries.at(-1)?.attachments?.[1]?.isTruncated).toBe(true);
});

test("HEAD, 204 and 304 have no body, whatever their headers say", async () => {
  const under = await bench({
    script: rawAnswer("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 123\r\n\r\n"),
  });
  const head = await under.send({ method: "HEAD", target });
  expect(head).toMatchObject({ status: 200, text: "" });
  for (const status of ["204 No Content", "304 Not Modified"]) {
    under.upstream.play(rawAnswer(`HTTP/1.1 ${status}\r\n\r\n`));
    expect((await under.send({ method: "DELETE", target })).text).toBe("");
  }
  expect(under.audit.kinds().filter((kind) => kind === "exchange.outcome")).toHaveLength(3);
});

test("a body that is too large for a structured call is refused before a byte of it is read", async () => {
  const under = await bench();
  const socket = await under.tunnel();
  socket.write(
    `POST /storage/v1/b HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${limits.structuredBodyBytesMax + 1}\r\n\r\n{`,
  );
  expect(await readUntil(socket, (text) => text.includes("\r\n\r\n"))).toMatch(/^HTTP\/1\.1 413 /);
  expect(under.upstream.requests).toHaveLength(0);
});

test("a client that waits for permission to send gets it only once its call may happen", async () => {
  const under = await bench();
  const refused = await under.send({
    method: "POST",
    target: "/v1/unknown",
    headers: { expect: "100-continue", "content-length": "2" },
  });
  expect(refused).toMatchObject({ status: 403, interim: [] });
  const socket = await under.tunnel();
  socket.write(
    `POST ${upload} HTTP/1.1\r\nHost: ${host}\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n`,
  );
  expect(await readUntil(socket, (text) => text.includes("\r\n\r\n"))).toMatch(/^HTTP\/1\.1 100 /);
  expect(under.upstream.requests).toHaveLength(0);
  socket.write("ok");
  expect(await readUntil(socket, (text) => text.includes("\r\n\r\n"))).toMatch(/^HTTP\/1\.1 200 /);
  expect(under.upstream.requests[0]?.body.toString()).toBe("ok");
  expect(under.upstream.requests[0]?.headers.has("expect")).toBe(false);
});
