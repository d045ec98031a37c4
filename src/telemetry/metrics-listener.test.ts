import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { type MetricsListener, openMetricsListener } from "./index.ts";

// Ten seconds become a tenth of one: the test waits for the listener, not for the clock.
vi.mock("#lib/limits", async (original) => {
  const { limits } = await original<typeof import("#lib/limits")>();
  return {
    limits: { ...limits, headersTimeoutMs: 100, metricsTimeoutMs: 100, metricsConnectionsMax: 3 },
  };
});

let listener: MetricsListener | undefined;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listener?.close();
  listener = undefined;
});

const said = { contentType: "text/plain; version=0.0.4; charset=utf-8", body: "# nothing\n" };

async function opened(text = async () => said): Promise<number> {
  listener = await openMetricsListener({ text }, { host: "127.0.0.1", port: 0 });
  return listener.port;
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  sockets.push(socket);
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

async function heard(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => void chunks.push(chunk));
  await new Promise((resolve) => socket.once("close", resolve));
  return Buffer.concat(chunks).toString("latin1");
}

test.each([
  ["nothing at all", ""],
  ["headers without end", "GET /metrics HTTP/1.1\r\nhost: x\r\nx-slow: "],
  ["a body without end", "GET /none HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{"],
])("whoever sends %s is cut off (slowloris)", async (_, bytes) => {
  const socket = await dial(await opened());
  socket.write(bytes);
  expect(await heard(socket)).not.toContain("200 OK");
});

test("more connections than anybody needs are closed at once, and those that are there are answered", async () => {
  const port = await opened();
  const first = await dial(port);
  await dial(port);
  await dial(port);
  expect(await heard(await dial(port))).toBe("");
  first.write("GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  expect(await heard(first)).toContain("200 OK");
});

test("headers longer than anybody's are refused before they are held", async () => {
  const socket = await dial(await opened());
  socket.write(`GET /metrics HTTP/1.1\r\nhost: x\r\nx-long: ${"a".repeat(17 * 1024)}\r\n\r\n`);
  expect(await heard(socket)).toContain("431");
});

test.each(["/", "/metrics/", "/metrics?x", "//metrics", "/Metrics", "http://x/metrics", "/../metrics"])(
  "there is nothing at %s",
  async (target) => {
    const socket = await dial(await opened());
    socket.write(`GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    expect(await heard(socket)).toContain("404 Not Found");
  },
);

test("scrapes that come together read the database once", async () => {
  let reads = 0;
  const answering = Promise.withResolvers<typeof said>();
  const port = await opened(() => {
    reads += 1;
    return answering.promise;
  });
  const socket = await dial(port);
  const answers = heard(socket);
  // Both arrive in one piece, so that both are asked before either is answered.
  socket.write(
    "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\nGET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
  );
  await vi.waitFor(() => expect(reads).toBe(1));
  answering.resolve(said);
  expect((await answers).match(/200 OK/g)).toHaveLength(2);
  expect(reads).toBe(1);
});
