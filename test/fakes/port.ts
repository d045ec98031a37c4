import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:net";

export function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("not listening on a TCP port");
  return address.port;
}

/** A port of loopback that nobody listens on, and that nobody else of this run is given before it is used. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = lowestOfWorker + (next % portsOfWorker);
    next += 1;
    if (await isFree(port)) return port;
  }
}

// Below what systems hand out to whoever asks for any port (RFC 6335 section 6; Linux begins at 32768). Each of the test
// runner's workers has a range of its own, and goes round in it.
const lowestPort = 20_000;
const workers = 16;
const portsOfWorker = 750;
const lowestOfWorker = lowestPort + (Number(process.env["VITEST_POOL_ID"] ?? 0) % workers) * portsOfWorker;
let next = randomInt(portsOfWorker);

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  try {
    await once(probe.listen(port, "127.0.0.1"), "listening");
    probe.close();
    await once(probe, "close");
    return true;
  } catch {
    return false;
  }
}
