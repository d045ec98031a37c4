import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:net";

export function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("not listening on a TCP port");
  return address.port;
}

/** A port of loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(lowestPort, highestPort);
    if (await isFree(port)) return port;
  }
}

// Below what systems hand out to whoever asks for any port (RFC 6335 section 6; Linux begins at 32768): between the probe and
// its use nobody else is given it.
const lowestPort = 20_000;
const highestPort = 32_000;

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
