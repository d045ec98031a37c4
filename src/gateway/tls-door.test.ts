import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:tls";
import { expect, test } from "vitest";
import { selfSigned } from "../../test/fakes/tls-certificate.ts";
import { tlsDoor } from "./tls-door.ts";

async function under(headersTimeout: number) {
  const { certificate, key } = await selfSigned("localhost");
  const server = createServer(
    { headersTimeout, requestTimeout: 0, connectionsCheckingInterval: 10 },
    (_, answer) => answer.end("heard"),
  );
  const served = { current: () => ({ cert: certificate, key }), onChange: () => () => undefined };
  const door = tlsDoor(server, served);
  await once(door.listen(0, "127.0.0.1"), "listening");
  const address = door.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const socket = connect({ host: "127.0.0.1", port, servername: "localhost", ca: certificate });
  await once(socket, "secureConnect");
  return { door, server, socket };
}

test("headers that never end are cut off over TLS as they are without it (slowloris)", async () => {
  const { door, socket } = await under(100);
  socket.on("error", () => undefined).resume();
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
  await once(socket, "close");
  door.close();
  expect(socket.destroyed).toBe(true);
});

test("connections over TLS on which nothing is under way end when the listener is closed", async () => {
  const { door, server, socket } = await under(60_000);
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const heard = await new Promise<string>((done) => socket.once("data", (chunk) => done(String(chunk))));
  expect(heard).toContain("200 OK");
  server.closeIdleConnections();
  socket.resume();
  await once(socket, "close");
  door.close();
  await once(door, "close");
  expect(socket.destroyed).toBe(true);
});
