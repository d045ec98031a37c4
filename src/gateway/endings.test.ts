import { expect, test } from "vitest";
import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import { bench, host, readUntil } from "../../test/fakes/data-plane-under-test.ts";
import { jsonAnswer, rawAnswer } from "../../test/fakes/scripted-upstream.ts";

const target = "/storage/v1/b/logs";
const download = "/download/storage/v1/b/logs/o/x?alt=media";
const upload = "/upload/storage/v1/b/logs/o?uploadType=media";

test.each([
  ["of unknown length", target],
  ["whose length is known", download],
])("a finished answer %s implies a recorded outcome: its end waits for the log", async (_name, path) => {
  const under = await bench({ script: jsonAnswer({ a: 1 }) });
  let letGo = (): void => undefined;
  const reached = new Promise<void>((seen) => {
    under.audit.on("exchange.outcome", () => {
      seen();
      return new Promise((done) => {
        letGo = done;
      });
    });
  });
  let isOver = false;
  const answer = under.send({ target: path }).finally(() => {
    isOver = true;
  });
  await reached;
  // Time enough for an end that did not wait to arrive.
  for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
  expect(isOver).toBe(false);
  letGo();
  expect((await answer).text).toBe('{"a":1}');
});

test("an answer whose outcome cannot be recorded is cut off", async () => {
  const under = await bench();
  under.audit.on("exchange.outcome", async () => {
    throw new Error("disk full");
  });
  await expect(under.send({ target })).rejects.toThrow();
  await expect(under.send({ target: download })).rejects.toThrow();
});

test("an outcome whose findings or recordings do not fit an entry is on record without them", async () => {
  const under = await bench();
  let refusals = 1;
  under.audit.on("exchange.outcome", async () => {
    if (refusals === 0) return;
    refusals -= 1;
    throw new GatehouseError("entry_invalid", 'its "detail" is too large');
  });
  expect((await under.send({ target })).status).toBe(200);
  const outcome = under.audit.entries.at(-1);
  expect(outcome).toMatchObject({ kind: "exchange.outcome", status: 200, detail: { maskedValues: 0 } });
  expect(outcome?.attachments).toBeUndefined();
  expect(under.log.join("")).toContain("recorded without what does not fit");
});

test("an upstream that breaks off in mid-answer breaks the client's connection, and that is on record", async () => {
  const under = await bench({
    script: (_request, socket) => {
      socket.write(
        "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 100\r\n\r\nhalf",
      );
      setImmediate(() => socket.destroy());
    },
  });
  await expect(under.send({ target: download })).rejects.toThrow();
  await under.close();
  expect(under.audit.entries.at(-1)).toMatchObject({
    kind: "exchange.aborted",
    status: 200,
    detail: { cause: "answer_broke_off" },
  });
});

test("an upstream that cannot be reached is a 502 that says the effect is unknown", async () => {
  const under = await bench({ script: (_request, socket) => socket.destroy() });
  const answer = await under.send({ method: "DELETE", target });
  expect(answer.status).toBe(502);
  expect(answer.text).toContain("The call may or may not have taken effect in Google Cloud.");
  expect(under.audit.kinds()).toEqual(["exchange.intent", "exchange.aborted"]);
});

// Clients that leave

test("a client that goes away before the answer aborts the call upstream, and that is on record", async () => {
  let arrived = (): void => undefined;
  const asked = new Promise<void>((seen) => {
    arrived = seen;
  });
  const under = await bench({ script: () => arrived() });
  const socket = await under.tunnel();
  socket.write(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await asked;
  socket.destroy();
  await under.upstream.closedByPeer(1);
  await under.plane.close({ graceMs: 1000 });
  expect(under.audit.entries.at(-1)).toMatchObject({ kind: "exchange.aborted", decision: "client_gone" });
});

test("a client that goes away in mid-answer aborts the call upstream, and that is on record", async () => {
  const under = await bench({
    script: rawAnswer(
      "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 1000\r\n\r\nbeginning",
    ),
  });
  const socket = await under.tunnel();
  socket.write(`GET ${download} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await readUntil(socket, (text) => text.includes("beginning"));
  socket.destroy();
  await under.upstream.closedByPeer(1);
  await under.plane.close({ graceMs: 1000 });
  expect(under.audit.entries.at(-1)).toMatchObject({
    kind: "exchange.aborted",
    status: 200,
    answerBody: { bytes: 9 },
    detail: { cause: "client_gone" },
  });
});

test("a client that stops in mid-upload aborts the call upstream, and that is on record", async () => {
  const under = await bench();
  const socket = await under.tunnel();
  socket.write(
    `POST ${upload} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${limits.digestedBodyBytesMax * 2}\r\n\r\n`,
  );
  socket.write(Buffer.alloc(limits.digestedBodyBytesMax));
  while (under.upstream.receivedBytes() < limits.digestedBodyBytesMax) await new Promise(setImmediate);
  socket.destroy();
  await under.upstream.closedByPeer(1);
  await under.plane.close({ graceMs: 1000 });
  expect(under.upstream.requests).toHaveLength(0);
  expect(under.audit.kinds()).toEqual(["exchange.intent", "exchange.aborted"]);
});

test("a session that is stopped loses the answer it was reading", async () => {
  const under = await bench({
    script: rawAnswer(
      "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 1000\r\n\r\nbeginning",
    ),
  });
  const socket = await under.dial();
  socket.write(`GET /${host}${download} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-1\r\n\r\n`);
  await readUntil(socket, (text) => text.includes("beginning"));
  const closed = new Promise((done) => socket.once("close", done));
  under.authenticator.stop("ses_1");
  await closed;
  await under.upstream.closedByPeer(1);
});

// Shutting down

test("a stopping server lets running exchanges finish, takes no new ones, and then closes", async () => {
  let answerNow = (): void => undefined;
  let arrived = (): void => undefined;
  const asked = new Promise<void>((seen) => {
    arrived = seen;
  });
  const under = await bench({
    script: (request, socket) => {
      answerNow = () => jsonAnswer({ late: true })(request, socket);
      arrived();
    },
  });
  const running = under.send({ target });
  const idle = await under.tunnel();
  await asked;
  const closing = under.plane.close({ graceMs: 10_000 });
  idle.on("error", () => undefined);
  await expect(under.dial()).rejects.toThrow();
  answerNow();
  expect((await running).text).toBe('{"late":true}');
  await closing;
  expect(under.audit.kinds()).toEqual(["exchange.intent", "exchange.outcome"]);
});

test("what outlasts the grace is cut and recorded as unfinished", async () => {
  let arrived = (): void => undefined;
  const asked = new Promise<void>((seen) => {
    arrived = seen;
  });
  const under = await bench({ script: () => arrived() });
  const running = under.send({ target }).catch(() => "cut");
  await asked;
  await under.plane.close({ graceMs: 0 });
  expect(await running).toBe("cut");
  expect(under.audit.kinds()).toEqual(["exchange.intent", "exchange.aborted"]);
});
