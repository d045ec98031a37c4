import { Readable } from "node:stream";
import { type Dispatcher, errors } from "undici";
import { GatehouseError } from "#lib/errors";
import { pairHeaders, type RawHeader } from "#lib/headers";

export interface UpstreamCall {
  readonly origin: string;
  readonly method: string;
  /** Forwarded byte for byte. */
  readonly target: string;
  readonly headers: readonly RawHeader[];
  readonly payload: Uint8Array | Readable | null;
  readonly signal: AbortSignal;
}

export interface UpstreamReply {
  readonly status: number;
  readonly headers: readonly RawHeader[];
  readonly body: Readable;
}

/**
 * One request to one upstream, answer streamed with back-pressure. Redirects are answers like any other. Resolves with
 * the final head (interim replies are dropped); rejects when there is none. Destroying the body, or the signal before
 * the head has come, aborts the exchange upstream.
 */
export function callUpstream(dispatcher: Dispatcher, call: UpstreamCall): Promise<UpstreamReply> {
  return new Promise((resolve, reject) => {
    const handler = new ReplyReader(call.signal, resolve, reject);
    dispatcher.dispatch(
      {
        origin: call.origin,
        path: call.target,
        method: call.method,
        headers: call.headers.flat(),
        body: call.payload,
      },
      handler,
    );
  });
}

/** Owns the reply's body: bytes come in from the socket, go out as fast as they are read, and never pile up. */
class ReplyReader implements Dispatcher.DispatchHandler {
  readonly #signal: AbortSignal;
  readonly #resolve: (reply: UpstreamReply) => void;
  readonly #reject: (error: Error) => void;
  #body: Readable | undefined;
  #hasEnded = false;
  #forget: () => void = () => undefined;

  constructor(signal: AbortSignal, resolve: (reply: UpstreamReply) => void, reject: (error: Error) => void) {
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const abort = (): void => controller.abort(clientGone());
    if (this.#signal.aborted) abort();
    else this.#signal.addEventListener("abort", abort, { once: true });
    this.#forget = () => this.#signal.removeEventListener("abort", abort);
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (status < 200) return;
    const body = new Readable({
      read: () => controller.resume(),
      destroy: (error, done) => {
        this.#forget();
        if (!this.#hasEnded) controller.abort(error ?? clientGone());
        done(error);
      },
    });
    // It may break before anybody reads it; whoever reads it then learns of it all the same.
    body.on("error", () => undefined);
    this.#body = body;
    this.#resolve({ status, headers: rawHeaders(controller.rawHeaders), body });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#body?.push(chunk) === false) controller.pause();
  }

  onResponseEnd(): void {
    this.#hasEnded = true;
    this.#forget();
    this.#body?.push(null);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#hasEnded = true;
    this.#forget();
    if (this.#body === undefined) this.#reject(quotable(error));
    else this.#body.destroy(quotable(error));
  }
}

/** The parser's errors carry the bytes they tripped over, which may echo our credential: logs must not see those. */
function quotable(error: Error): Error {
  if (!(error instanceof errors.HTTPParserError)) return error;
  return new GatehouseError("upstream_malformed", "The upstream's answer is not well-formed HTTP.");
}

function clientGone(): GatehouseError {
  return new GatehouseError("client_gone", "The client went away.");
}

/** Pairs as they came. HTTP fields are bytes; Latin-1 keeps each as one character (RFC 9110 section 5.5). */
function rawHeaders(raw: Dispatcher.DispatchController["rawHeaders"]): RawHeader[] {
  if (!Array.isArray(raw)) return [];
  return pairHeaders(raw.map((part) => (typeof part === "string" ? part : part.toString("latin1"))));
}
