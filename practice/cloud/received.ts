import type { IncomingHttpHeaders } from "node:http";

/** A request off the wire or out of a batch. */
export interface Received {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** Throws TOO_LARGE. */
  readonly readBody: () => Promise<Buffer>;
}

export interface RenderedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}
