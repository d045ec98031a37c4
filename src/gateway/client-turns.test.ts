import { connect } from "node:net";
import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import {
  bench,
  type DataPlaneUnderTest,
  decision,
  host,
  readUntil,
} from "../../test/fakes/data-plane-under-test.ts";

const target = "/storage/v1/b/logs";
const line = (method: string, headers = ""): string =>
  `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${headers}\r\n`;
const prefixed = (method: string): string =>
  `${method} /${host}${target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-1\r\n\r\n`;

async function holdingDeletes(): Promise<DataPlaneUnderTest> {
  const under = await bench();
  under.decide(({ request }) => decision(request.method === "DELETE" ? "require_approval" : "allow"));
  return under;
}

test("what follows a framing fault on the same connection is never taken for a request", async () => {
  const under = await bench();
  const socket = await under.tunnel();
  socket.write(line("GET", "Transfer_Encoding: chunked\r\n") + line("DELETE"));
  expect(await readUntil(socket)).toMatch(/^HTTP\/1\.1 400 /);
  expect(under.audit.entries).toMatchObject([{ kind: "exchange.refused", decision: "malformed" }]);
  expect(under.upstream.requests).toHaveLength(0);
});

test("requests pipelined behind a held one take no upstream socket while it waits", async () => {
  const under = await holdingDeletes();
  const socket = await under.tunnel();
  socket.write(line("DELETE") + line("GET").repeat(3));
  const id = await under.desk.someoneWaits();
  // Were they taken side by side, this later one would be answered after them.
  expect((await under.send({ target })).status).toBe(200);
  expect(under.upstream.requests).toHaveLength(1);
  const answers = readUntil(socket, (text) => text.split('{"ok":true}').length === 5);
  under.desk.move(id, "approved");
  expect((await answers).match(/HTTP\/1\.1 200 OK/g)).toHaveLength(4);
  expect(under.upstream.requests.map(({ method }) => method)).toEqual(["GET", "DELETE", "GET", "GET", "GET"]);
});

test("a flood of requests behind an unanswered one costs it its connection, and none of them is taken", async () => {
  const under = await holdingDeletes();
  const socket = await under.tunnel();
  const closed = readUntil(socket);
  socket.write(line("DELETE") + line("GET").repeat(limits.pipelinedRequestsMax + 1));
  expect(await closed).toBe("");
  await under.plane.close({ graceMs: 1000 });
  expect(under.audit.entries).toMatchObject([{ kind: "exchange.refused", decision: "client_gone" }]);
  expect(under.upstream.requests).toHaveLength(0);
});

test("a CONNECT behind an unanswered request is refused, for the answer would be written into the tunnel", async () => {
  const under = await holdingDeletes();
  const socket = await under.dial();
  const credentials = Buffer.from("agent:token-1").toString("base64");
  socket.write(
    `${prefixed("DELETE")}CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\nProxy-Authorization: Basic ${credentials}\r\n\r\n`,
  );
  expect(await readUntil(socket)).toMatch(/^HTTP\/1\.1 400 /);
});

test("a client that is refused a CONNECT and then resets its connection does not bring the process down", async () => {
  const under = await holdingDeletes();
  const socket = await under.dial();
  socket.write(prefixed("DELETE"));
  await under.desk.someoneWaits();
  const refused = readUntil(socket, (text) => text.includes("\r\n\r\n"));
  socket.write(`CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n\r\n`);
  expect(await refused).toMatch(/^HTTP\/1\.1 400 /);
  socket.resetAndDestroy();
  await under.plane.close({ graceMs: 1000 });
  expect(under.audit.entries).toMatchObject([{ kind: "exchange.refused", decision: "client_gone" }]);
});

test.each([
  ["a refused CONNECT", `CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n\r\n`],
  ["garbage", "\x01\x02\r\n\r\n"],
])("a client that never closes its own side keeps no socket of ours after %s", async (_name, bytes) => {
  const under = await bench();
  const socket = connect({ port: under.plane.port, host: "127.0.0.1", allowHalfOpen: true });
  const refused = new Promise((done) => socket.once("end", done));
  const gone = new Promise((done) => socket.once("error", done));
  socket.resume();
  socket.write(bytes);
  await refused;
  // Only a socket that is gone answers with a reset.
  const writing = setInterval(() => socket.write("x"), 5);
  await gone;
  clearInterval(writing);
});
