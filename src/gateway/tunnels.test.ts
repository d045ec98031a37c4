import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import {
  bench,
  type DataPlaneUnderTest,
  errorOf,
  host,
  readUntil,
} from "../../test/fakes/data-plane-under-test.ts";

const target = "/storage/v1/b/logs";

async function connectReply(under: DataPlaneUnderTest, text: string): Promise<string> {
  const socket = await under.dial();
  socket.write(text, "latin1");
  return readUntil(socket);
}

// CONNECT

test("a CONNECT without proxy authentication gets 407, and nothing is dialled", async () => {
  const under = await bench();
  const reply = await connectReply(under, `CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n\r\n`);
  expect(reply).toMatch(/^HTTP\/1\.1 407 /);
  expect(reply).toMatch(/\r\nProxy-Authenticate: Basic realm="gatehouse"\r\n/);
  expect(under.audit.entries).toMatchObject([{ kind: "auth.refused", decision: "missing" }]);
  expect(under.upstream.receivedBytes()).toBe(0);
});

test("a CONNECT with a forged, expired or Google credential learns nothing about which it was", async () => {
  const under = await bench({ tokens: { old: "expired", "ya29.stolen": "google_credential" } });
  const replies = [];
  for (const token of ["forged", "old", "ya29.stolen"]) {
    const basic = Buffer.from(`agent:${token}`).toString("base64");
    replies.push(
      await connectReply(
        under,
        `CONNECT ${host}:443 HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic ${basic}\r\n\r\n`,
      ),
    );
  }
  expect(new Set(replies).size).toBe(1);
  expect(replies[0]).toMatch(/^HTTP\/1\.1 407 /);
});

test.each([
  "CONNECT storage.googleapis.com HTTP/1.1\r\nHost: x\r\n\r\n",
  "CONNECT storage.googleapis.com:80 HTTP/1.1\r\nHost: x\r\n\r\n",
  "CONNECT storage.googleapis.com.:443 HTTP/1.1\r\nHost: x\r\n\r\n",
  "CONNECT user@storage.googleapis.com:443 HTTP/1.1\r\nHost: x\r\n\r\n",
  "CONNECT [::1]:443 HTTP/1.1\r\nHost: x\r\n\r\n",
  "CONNECT /storage.googleapis.com:443 HTTP/1.1\r\nHost: x\r\n\r\n",
  "CONNECT https://storage.googleapis.com:443 HTTP/1.1\r\nHost: x\r\n\r\n",
  "CONNECT storage.googleapis.com:443 HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n",
  "CONNECT storage.googleapis.com:443 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
  "CONNECT \x01:443 HTTP/1.1\r\nHost: x\r\n\r\n",
  "CONNECT :443\r\n\r\n",
  "CONNECT\r\n\r\n",
])("a malformed CONNECT gets a clean 400: %j", async (text) => {
  const under = await bench();
  const withToken = text.replace("Host: x", "Host: x\r\nProxy-Authorization: Bearer token-1");
  expect(await connectReply(under, withToken)).toMatch(/^HTTP\/1\.1 400 [\s\S]*Connection: close/);
});

test("a CONNECT to a host that is not Google's is refused with a plain explanation", async () => {
  const under = await bench();
  for (const other of ["example.com", "googleapis.com.example.com", "169.254.169.254", "127.0.0.1"]) {
    const reply = await connectReply(
      under,
      `CONNECT ${other}:443 HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Bearer token-1\r\n\r\n`,
    );
    expect(reply, other).toMatch(/^HTTP\/1\.1 403 [\s\S]*no Google API/);
  }
});

test("an unknown Google host is let in far enough to read its refusal inside TLS", async () => {
  const under = await bench();
  const socket = await under.tunnel({ host: "unknown.googleapis.com" });
  const answer = await under.send({ target: "/v1/x", socket, headers: { host: "unknown.googleapis.com" } });
  expect(answer.status).toBe(403);
  expect(errorOf(answer).message).toMatch(/no Google API that Gatehouse knows/);
  expect(under.upstream.requests).toHaveLength(0);
});

test("a session may have so many tunnels open and no more, even if it asks for all of them at once", async () => {
  const under = await bench();
  const ask = async (): Promise<string> => {
    const socket = await under.dial();
    socket.write(`CONNECT ${host}:443 HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Bearer token-1\r\n\r\n`);
    return readUntil(socket, (text) => text.includes("\r\n\r\n"));
  };
  const replies = await Promise.all(Array.from({ length: limits.tunnelsPerSessionMax + 3 }, ask));
  expect(replies.filter((reply) => reply.startsWith("HTTP/1.1 200 "))).toHaveLength(
    limits.tunnelsPerSessionMax,
  );
  expect(replies.filter((reply) => reply.startsWith("HTTP/1.1 429 "))).toHaveLength(3);
});

test("a tunnel inside a tunnel is refused", async () => {
  const under = await bench();
  const socket = await under.tunnel();
  socket.write(`CONNECT ${host}:443 HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Bearer token-1\r\n\r\n`);
  expect(await readUntil(socket)).toMatch(/^HTTP\/1\.1 400 /);
});

// Which host

test("a Host header that is not the tunnel's host gets 421, and nothing is forwarded", async () => {
  const under = await bench();
  for (const other of ["iam.googleapis.com", "storage.googleapis.com:8443", "storage.googleapis.com."]) {
    const answer = await under.send({ target, headers: { host: other } });
    expect(answer.status, other).toBe(421);
  }
  expect(under.upstream.requests).toHaveLength(0);
  expect(under.audit.kinds()).not.toContain("exchange.intent");
});

test("a TLS server name that is not the tunnel's host gets 421", async () => {
  const under = await bench();
  const socket = await under.tunnel({ servername: "iam.googleapis.com" });
  expect((await under.send({ target, socket })).status).toBe(421);
  expect(under.upstream.requests).toHaveLength(0);
});

test("an absolute target is refused, inside a tunnel and outside", async () => {
  const under = await bench();
  const absolute = `http://${host}${target}`;
  expect((await under.send({ target: absolute })).status).toBe(400);
  const outside = await under.sendByPrefix({
    target: absolute,
    headers: { authorization: "Bearer token-1" },
  });
  expect(outside.status).toBe(400);
  expect(under.upstream.requests).toHaveLength(0);
});

test.each([
  "/",
  "/v1/projects",
  "//storage.googleapis.com/x",
  "/localhost/x",
  "/storage.googleapis.com",
  "/a b",
])("a path on the listener that names no API host is refused: %j", async (path) => {
  const under = await bench();
  const socket = await under.dial();
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-1\r\nConnection: close\r\n\r\n`,
  );
  expect(await readUntil(socket)).toMatch(/^HTTP\/1\.1 400 /);
  expect(under.upstream.requests).toHaveLength(0);
});
