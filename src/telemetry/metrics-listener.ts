import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { GatehouseError, messageOf } from "#lib/errors";
import type { Metrics } from "./metrics.ts";

export interface MetricsListener {
  readonly port: number;
  close(): Promise<void>;
}

/** `GET /metrics` and nothing else, on a port of its own, so that scraping needs no way to the control plane. Throws `listen_failed`. */
export async function openMetricsListener(
  metrics: Metrics,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<MetricsListener> {
  const server = createServer((request, response) => {
    answer(request, response, metrics).catch(() => response.destroy());
  });
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    throw new GatehouseError("listen_failed", `Cannot listen on ${host}:${port}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, metrics: Metrics): Promise<void> {
  if (request.url !== "/metrics") return void response.writeHead(404).end();
  if (request.method !== "GET") return void response.writeHead(405, { allow: "GET" }).end();
  const { contentType, body } = await metrics.text();
  response.writeHead(200, { "content-type": contentType, "x-content-type-options": "nosniff" });
  response.end(body);
}
