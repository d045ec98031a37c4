import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { sessionRevoked } from "../../test/fakes/control-plane.ts";
import { portOf } from "../../test/fakes/port.ts";
import { openTunnel, type RawAnswer, sendRaw } from "../../test/fakes/raw-http.ts";
import { type RunBench, type RunBenchOptions, startRunBench } from "../../test/fakes/run-bench.ts";

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function bench(options: RunBenchOptions = {}): Promise<RunBench> {
  const started = await startRunBench(options);
  open.push(() => started.close());
  return started;
}

const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString("base64")}`;
const authorizationOf = ({ nonce }: RunBench): string => basic(`gatehouse:${nonce}`);
const google = "storage.googleapis.com:443";

function connectText(authority: string, authorization?: string): string {
  const header = authorization === undefined ? "" : `Proxy-Authorization: ${authorization}\r\n`;
  return `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${header}\r\n`;
}

/** Echoes; counts the connections it got. */
async function startEcho(): Promise<{ port: number; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  open.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: portOf(server), sockets };
}

test("without this run's nonce there is no tunnel and the gateway hears nothing", async () => {
  const run = await bench();
  const attempts = [undefined, "", basic("gatehouse:"), basic("gatehouse:guess"), `Bearer ${run.nonce}`];
  for (const authorization of attempts) {
    const answer = await sendRaw(run.helper.proxyPort, connectText(google, authorization));
    expect(answer.status).toBe(407);
    expect(answer.head).toMatch(/proxy-authenticate: basic/i);
  }
  expect(run.gateway.connects).toEqual([]);
});

test("the nonce of another run opens nothing here", async () => {
  const [one, other] = [await bench(), await bench()];
  const answer = await sendRaw(one.helper.proxyPort, connectText(google, authorizationOf(other)));
  expect(answer.status).toBe(407);
});

test("a process of another user gets not one byte, and the run's owner is told", async () => {
  const run = await bench({ checkPeer: () => ({ kind: "other_user", uid: 1001 }) });
  for (const port of [run.helper.proxyPort, run.helper.metadataPort]) {
    expect((await sendRaw(port, connectText(google, authorizationOf(run)))).head).toBe("");
  }
  expect(run.gateway.connects).toEqual([]);
  expect(run.notices).toEqual([expect.stringContaining("uid 1001")]);
});

test("a process whose owner cannot be found gets not one byte either", async () => {
  const run = await bench({ checkPeer: () => ({ kind: "unknown", reason: "no table" }) });
  expect((await sendRaw(run.helper.proxyPort, connectText(google, authorizationOf(run)))).head).toBe("");
});

test("a malformed CONNECT is refused", async () => {
  const run = await bench();
  for (const authority of ["storage.googleapis.com", ":443", "storage.googleapis.com:0", "a@b:443"]) {
    const answer = await sendRaw(run.helper.proxyPort, connectText(authority, authorizationOf(run)));
    expect(answer.status, authority).toBe(400);
  }
});

test("what the gateway says when it refuses reaches the client, status and words", async () => {
  const run = await bench();
  run.gateway.refuse = () => ({ status: 403, body: "This session may not reach storage.googleapis.com." });
  const answer = await sendRaw(run.helper.proxyPort, connectText(google, authorizationOf(run)));
  expect(answer).toMatchObject({ status: 403, body: "This session may not reach storage.googleapis.com." });
});

test("a session stopped in the middle cuts its tunnels, opens no other, and says why once", async () => {
  const run = await bench();
  run.gateway.raw = (socket) => void socket.pipe(socket);
  const tunnel = await openTunnel(run.helper.proxyPort, google, authorizationOf(run));
  const cut = once(tunnel.resume(), "close");
  run.gateway.refuse = () => ({ status: 407, body: "The session was stopped." });
  run.plane.token = () => sessionRevoked;
  const first = await sendRaw(run.helper.proxyPort, connectText(google, authorizationOf(run)));
  const second = await sendRaw(run.helper.proxyPort, connectText(google, authorizationOf(run)));
  for (const { status, body } of [first, second]) {
    expect(status).toBe(403);
    expect(body).toContain("stopped by auditor@example.com");
  }
  await cut;
  expect(run.notices).toEqual([expect.stringContaining("stopped by auditor@example.com")]);
});

test("Google's hosts are tunnelled to the gateway with a gateway token, and the nonce stays here", async () => {
  const run = await bench();
  run.gateway.raw = (socket) => void socket.pipe(socket);
  const tunnel = await openTunnel(
    run.helper.proxyPort,
    google,
    authorizationOf(run).replace("Basic", "basic"),
  );
  tunnel.resume().write("ping");
  expect(String((await once(tunnel, "data"))[0])).toBe("ping");
  expect(run.gateway.connects).toHaveLength(1);
  expect(run.gateway.connects[0]?.authority).toBe(google);
  expect(run.gateway.connects[0]?.authorization).toMatch(/^Bearer gateway-token-\d+$/);
  tunnel.destroy();
});

test("a token the gateway no longer takes is replaced without the client noticing", async () => {
  const run = await bench();
  run.gateway.raw = (socket) => void socket.pipe(socket);
  let refused: string | undefined;
  run.gateway.refuse = ({ authorization }) => {
    refused ??= authorization;
    return authorization === refused ? { status: 407, body: "expired" } : undefined;
  };
  const tunnel = await openTunnel(run.helper.proxyPort, google, authorizationOf(run));
  tunnel.destroy();
  expect(run.gateway.connects.map(({ authorization }) => authorization === refused)).toEqual([true, false]);
  expect(run.notices).toEqual([]);
});

test("when one side of a tunnel goes, so does the other", async () => {
  const run = await bench();
  const arrived = Promise.withResolvers<NodeJS.WritableStream & { destroy(): void }>();
  run.gateway.raw = (socket) => {
    socket.resume();
    arrived.resolve(socket);
  };
  const client = await openTunnel(run.helper.proxyPort, google, authorizationOf(run));
  const atGateway = await arrived.promise;
  const gone = new Promise((resolve) => atGateway.on("close", resolve));
  client.resetAndDestroy();
  await gone;
  expect(run.gateway.openTunnels()).toBe(0);

  const again = Promise.withResolvers<{ destroy(): void }>();
  run.gateway.raw = (socket) => again.resolve(socket);
  const second = await openTunnel(run.helper.proxyPort, google, authorizationOf(run));
  second.resume();
  const closed = once(second, "close");
  (await again.promise).destroy();
  await closed;
});

test("the last bytes of an answer arrive although the gateway has closed", async () => {
  const run = await bench();
  const size = 4 * 1024 * 1024;
  run.gateway.raw = (socket) => void socket.end(Buffer.alloc(size, "x"));
  const client = await openTunnel(run.helper.proxyPort, google, authorizationOf(run));
  let received = 0;
  client.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  client.resume();
  await once(client, "close");
  expect(received).toBe(size);
});

test("other hosts are reached directly, and the gateway hears nothing of them", async () => {
  const run = await bench();
  const echo = await startEcho();
  const tunnel = await openTunnel(run.helper.proxyPort, `127.0.0.1:${echo.port}`, authorizationOf(run));
  tunnel.resume().write("ping");
  expect(String((await once(tunnel, "data"))[0])).toBe("ping");
  tunnel.destroy();
  expect(run.gateway.connects).toEqual([]);
});

test("other hosts go through the proxy the user had, with its credentials and not ours", async () => {
  const theirs = createHttpServer();
  const seen: unknown[] = [];
  theirs.on("connect", (request, socket: Socket) => {
    seen.push([request.url, request.headers["proxy-authorization"]]);
    socket.end("HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nbusy");
  });
  theirs.on("request", (request, response) => {
    seen.push([request.url, request.headers["proxy-authorization"]]);
    response.end("through their proxy");
  });
  theirs.listen(0, "127.0.0.1");
  await once(theirs, "listening");
  open.push(async () => void theirs.close());
  const proxy = `http://person:p%40ss@127.0.0.1:${portOf(theirs)}`;
  const run = await bench({ environment: { HTTPS_PROXY: proxy, http_proxy: proxy } });
  const authorization = authorizationOf(run);
  const tunnel = await sendRaw(run.helper.proxyPort, connectText("example.com:443", authorization));
  expect(tunnel).toMatchObject({ status: 503, body: "busy" });
  const plain = await sendRaw(
    run.helper.proxyPort,
    `GET http://example.com/a HTTP/1.1\r\nHost: example.com\r\nProxy-Authorization: ${authorization}\r\nConnection: close\r\n\r\n`,
  );
  expect(plain.body).toContain("through their proxy");
  expect(seen).toEqual([
    ["example.com:443", basic("person:p@ss")],
    ["http://example.com/a", basic("person:p@ss")],
  ]);
});

test("a host that does not answer is a sentence, not a silence", async () => {
  const run = await bench();
  const answer = await sendRaw(run.helper.proxyPort, connectText("127.0.0.1:1", authorizationOf(run)));
  expect(answer.status).toBe(502);
  expect(answer.body).toContain("Cannot reach 127.0.0.1:1");
});

test("a web server that answers with a status that does not exist does not bring the run down", async () => {
  const run = await bench();
  const hostile = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end("HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n"));
  });
  hostile.listen(0, "127.0.0.1");
  await once(hostile, "listening");
  open.push(async () => hostile.close());
  const ask = (): Promise<RawAnswer> =>
    sendRaw(
      run.helper.proxyPort,
      `GET http://127.0.0.1:${portOf(hostile)}/ HTTP/1.1\r\nHost: x\r\nProxy-Authorization: ${authorizationOf(run)}\r\nConnection: close\r\n\r\n`,
    );
  expect((await ask()).status).toBe(502);
  expect((await ask()).body).toContain("a status that does not exist");
});

test("a percent sign in the password of the user's own proxy does not bring the run down", async () => {
  const asked: (string | undefined)[] = [];
  const theirs = createHttpServer((request, response) => {
    asked.push(request.headers["proxy-authorization"]);
    response.end("there");
  });
  theirs.listen(0, "127.0.0.1");
  await once(theirs, "listening");
  open.push(async () => theirs.close());
  const run = await bench({ environment: { http_proxy: `http://person:100%@127.0.0.1:${portOf(theirs)}` } });
  const answer = await sendRaw(
    run.helper.proxyPort,
    `GET http://example.com/ HTTP/1.1\r\nHost: x\r\nProxy-Authorization: ${authorizationOf(run)}\r\nConnection: close\r\n\r\n`,
  );
  expect(answer.status).toBe(200);
  expect(asked).toEqual([basic("person:100%")]);
});

test("plain requests need the nonce, never reach Google, and lose their hop headers on the way", async () => {
  const run = await bench();
  const seen: { url: string | undefined; headers: NodeJS.Dict<string | string[]> }[] = [];
  const origin = createHttpServer((request, response) => {
    seen.push({ url: request.url, headers: request.headers });
    response.end("origin");
  });
  origin.listen(0, "127.0.0.1");
  await once(origin, "listening");
  open.push(async () => void origin.close());
  const ask = (target: string, authorization?: string) =>
    sendRaw(
      run.helper.proxyPort,
      `GET ${target} HTTP/1.1\r\nHost: elsewhere.example.com\r\n${authorization === undefined ? "" : `Proxy-Authorization: ${authorization}\r\n`}X-Hop: 1\r\nConnection: close, X-Hop\r\n\r\n`,
    );
  const url = `http://127.0.0.1:${portOf(origin)}/a/../b%2f?q`;
  expect((await ask(url)).status).toBe(407);
  expect((await ask("http://storage.googleapis.com/b", authorizationOf(run))).status).toBe(403);
  expect((await ask("http://169.254.169.254/computeMetadata/v1/", authorizationOf(run))).status).toBe(403);
  expect((await ask("/etc", authorizationOf(run))).status).toBe(400);
  expect(seen).toEqual([]);

  expect((await ask(url, authorizationOf(run))).body).toContain("origin");
  expect(seen[0]?.url).toBe("/a/../b%2f?q");
  expect(seen[0]?.headers).toMatchObject({ host: `127.0.0.1:${portOf(origin)}` });
  expect(seen[0]?.headers).not.toHaveProperty("proxy-authorization");
  expect(seen[0]?.headers).not.toHaveProperty("x-hop");
});
