import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { createEgress, type Egress } from "#lib/egress";
import { portOf } from "./port.ts";

/** Somebody else's HTTP server, and our way out to it. */
export interface Stranger {
  /** Without a path. */
  readonly origin: string;
  readonly egress: Egress;
  close(): Promise<void>;
}

export async function openStranger(answer: RequestListener): Promise<Stranger> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const egress = createEgress({ allowLoopback: true });
  return {
    origin: `http://127.0.0.1:${portOf(server)}`,
    egress,
    close: async () => {
      await egress.close();
      server.closeAllConnections();
      server.close();
    },
  };
}
