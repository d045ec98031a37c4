import { readCapped } from "#lib/capped-body";
import type { Egress } from "#lib/egress";
import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";

export interface OutgoingRequest {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string | Uint8Array | URLSearchParams | null | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The part of `fetch` that a relying party needs. */
export type ProviderFetch = (url: string, request: OutgoingRequest) => Promise<Response>;

/**
 * `fetch` behind the egress guard: no redirects, a cap on size and time. For the code exchange, which carries more than
 * a JSON document's address.
 */
export function guardedFetch(egress: Egress): ProviderFetch {
  return async (address, { method, headers, body, signal }) => {
    const url = new URL(address);
    const deadline = AbortSignal.timeout(limits.providerTimeoutMs);
    const answer = await egress.dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: method === "POST" ? "POST" : "GET",
      headers: { ...headers, "accept-encoding": "identity" },
      body: body instanceof URLSearchParams ? body.toString() : (body ?? null),
      signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
    });
    const bytes = await readCapped(answer.body, limits.discoveryBytesMax);
    if (bytes === undefined) {
      throw new GatehouseError("fetch_failed", `The answer of ${url.origin} is larger than any honest one.`);
    }
    const type = answer.headers["content-type"];
    return new Response(isBodiless(answer.statusCode) ? null : bytes, {
      status: answer.statusCode,
      headers: typeof type === "string" ? { "content-type": type } : {},
    });
  };
}

/** Fetch Standard: a Response of these statuses has no body. */
function isBodiless(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}
