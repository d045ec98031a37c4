import { connect, createServer } from "node:net";
import { limits } from "#lib/limits";

/** Whether a TCP connection to a listener on this machine can be made from here. */
export function reachesPort(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const settle = (reaches: boolean): void => {
      socket.destroy();
      resolve(reaches);
    };
    socket.setTimeout(limits.loopbackTimeoutMs, () => settle(false));
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(false));
  });
}

/** Whether this process can reach loopback TCP at all; sandboxes of agents with a network policy forbid it. */
export async function reachesLoopback(): Promise<boolean> {
  const server = createServer((socket) => socket.destroy());
  try {
    const port = await new Promise<number | undefined>((resolve) => {
      server.once("error", () => resolve(undefined));
      server.listen({ host: "127.0.0.1", port: 0 }, () => {
        const address = server.address();
        resolve(typeof address === "object" ? address?.port : undefined);
      });
    });
    return port !== undefined && (await reachesPort(port));
  } finally {
    server.close();
  }
}
