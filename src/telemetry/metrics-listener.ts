import type { IncomingMessage, ServerResponse } from "node:http";
import { type BoundedListener, openBoundedListener } from "#lib/bounded-listener";
import { GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import type { Metrics } from "./metrics.ts";

export type MetricsListener = BoundedListener;

/** `GET /metrics` and nothing else, on a port of its own, so that scraping needs no way to the control plane. Throws `listen_failed`. */
export async function openMetricsListener(
  metrics: Pick<Metrics, "text">,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<MetricsListener> {
  const bounds = {
    requestTimeoutMs: limits.metricsTimeoutMs,
    connectionsMax: limits.metricsConnectionsMax,
  };
  const text = oneAtATime(() => metrics.text());
  try {
    return await openBoundedListener({ host, port, ...bounds }, (request, response) => {
      answer(request, response, text).catch(() => response.destroy());
    });
  } catch (error) {
    throw new GatehouseError("listen_failed", `Cannot listen on ${host}:${port}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Each scrape reads the database: those that come together share one, so that a flood of them costs as much as one. */
function oneAtATime<Result>(act: () => Promise<Result>): () => Promise<Result> {
  let underWay: Promise<Result> | undefined;
  return () => {
    underWay ??= act().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  text: Metrics["text"],
): Promise<void> {
  if (request.url !== "/metrics") return void response.writeHead(404).end();
  if (request.method !== "GET") return void response.writeHead(405, { allow: "GET" }).end();
  const { contentType, body } = await text();
  response.writeHead(200, { "content-type": contentType, "x-content-type-options": "nosniff" });
  response.end(body);
}
