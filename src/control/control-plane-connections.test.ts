import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, test, vi } from "vitest";
import { controlPlaneUnderTest } from "../../test/fakes/control-plane-under-test.ts";
import { openControlPlane } from "./control-plane.ts";

vi.mock("#lib/limits", async (original) => {
  const real = await original<typeof import("#lib/limits")>();
  return { limits: { ...real.limits, clientConnectionsMax: 2 } };
});

test("a stranger who opens connections and says nothing gets so many and no more, and what is given back is free again", async () => {
  const { ports } = await controlPlaneUnderTest();
  const plane = await openControlPlane(ports);
  const isAnswered = async (): Promise<boolean> => {
    const socket = connect(plane.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(`GET /healthz HTTP/1.1\r\nHost: ${new URL(ports.url).host}\r\nConnection: close\r\n\r\n`);
    let answer = "";
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString("latin1");
    });
    await once(socket, "close");
    return answer.startsWith("HTTP/1.1 200 ");
  };
  const silent: Socket[] = [];
  for (let n = 0; n < 2; n += 1) {
    const socket = connect(plane.port, "127.0.0.1");
    await once(socket, "connect");
    silent.push(socket);
  }
  expect(await isAnswered()).toBe(false);
  silent.pop()?.destroy();
  await expect.poll(isAnswered).toBe(true);
  for (const socket of silent) socket.destroy();
  await plane.close();
});
