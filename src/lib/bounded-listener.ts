import { createServer, type RequestListener } from "node:http";
import { limits } from "./limits.ts";

/** Where it listens, and how much strangers may take of it. */
export interface ListenerBounds {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** For a whole request, and for a socket on which nothing moves. At least `limits.headersTimeoutMs`. */
  readonly requestTimeoutMs: number;
  readonly connectionsMax: number;
}

export interface BoundedListener {
  readonly port: number;
  /** Ends what is under way as well. */
  close(): Promise<void>;
}

/** A small HTTP listener beside the planes. Rejects with what listening throws. */
export async function openBoundedListener(
  bounds: ListenerBounds,
  answer: RequestListener,
): Promise<BoundedListener> {
  const server = createServer(
    {
      requestTimeout: bounds.requestTimeoutMs,
      headersTimeout: limits.headersTimeoutMs,
      maxHeaderSize: limits.headerBytesMax,
      connectionsCheckingInterval: limits.headersTimeoutMs / 4,
    },
    answer,
  );
  server.maxConnections = bounds.connectionsMax;
  // Who takes no answer holds a socket as well as who sends no request.
  server.setTimeout(bounds.requestTimeoutMs);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(bounds.port, bounds.host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : bounds.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
