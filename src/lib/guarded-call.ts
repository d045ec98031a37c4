import type { Readable } from "node:stream";
import { request } from "undici";
import { discard, readCapped } from "./capped-body.ts";
import type { Egress } from "./egress.ts";
import { GatehouseError, messageOf } from "./errors.ts";

/** A request that we make of somebody else's server, not on behalf of an agent. */
export interface GuardedCall {
  readonly url: URL;
  readonly method: "GET" | "POST" | "PUT";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export interface GuardedCallLimits {
  readonly egress: Egress;
  /** Of the answer's body. `unread`: what it says is nobody's business, and does not delay or fail the call. */
  readonly bytesMax: number | "unread";
  /** For all of it. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Whatever the server answered, redirects included: those are never followed. */
export interface GuardedAnswer {
  readonly status: number;
  /** Names in lower case; of several of one name, the first. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/**
 * Sends one request through the egress guard and reads the whole answer, whatever its status. Rejects with
 * `egress_refused`, or `call_failed` when there was no answer, or one that is too slow or too large. What the server did
 * by then is unknown.
 */
export async function callGuarded(call: GuardedCall, limits: GuardedCallLimits): Promise<GuardedAnswer> {
  const deadline = AbortSignal.timeout(limits.timeoutMs);
  const signal = limits.signal === undefined ? deadline : AbortSignal.any([deadline, limits.signal]);
  // Paths and queries of webhooks are often secrets themselves.
  const name = call.url.origin;
  try {
    const answer = await request(call.url, {
      dispatcher: limits.egress.dispatcher,
      method: call.method,
      headers: { ...call.headers, "accept-encoding": "identity" },
      body: call.body ?? null,
      signal,
    });
    const body = await bodyOf(answer.body, limits.bytesMax);
    if (body === undefined) {
      throw new GatehouseError("call_failed", `${name} answered with more than ${limits.bytesMax} bytes.`);
    }
    return { status: answer.statusCode, headers: firstOfEach(answer.headers), body };
  } catch (error) {
    if (error instanceof GatehouseError) throw error;
    const why = deadline.aborted ? `no answer within ${limits.timeoutMs} ms` : messageOf(error);
    throw new GatehouseError("call_failed", `Cannot reach ${name}: ${why}`, { cause: error });
  }
}

async function bodyOf(body: Readable, bytesMax: number | "unread"): Promise<Uint8Array | undefined> {
  if (bytesMax !== "unread") return readCapped(body, bytesMax);
  discard(body);
  return new Uint8Array();
}

function firstOfEach(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      const first = typeof value === "string" ? value : value?.[0];
      return first === undefined ? [] : [[name.toLowerCase(), first]];
    }),
  );
}
