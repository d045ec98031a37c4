import { request } from "undici";
import { readCapped } from "#lib/capped-body";
import type { Egress } from "#lib/egress";
import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";

/** Where a request of Google's library really goes, and under which host name. */
export type Route = (url: URL) => { readonly url: URL; readonly host: string | undefined };

/**
 * What Google's library uses instead of `fetch`: through the egress guard, with no redirects, and with caps on size
 * and time. An assertion or a source token must reach one place only.
 */
export function guardedFetch(egress: Egress, route: Route, signal: AbortSignal): typeof fetch {
  return async (input, init) => {
    const wanted = input instanceof Request ? new URL(input.url) : new URL(input);
    const { url, host } = route(wanted);
    const headers = new Headers(init?.headers);
    if (host !== undefined) headers.set("host", host);
    headers.set("accept-encoding", "identity");
    const answer = await request(url, {
      dispatcher: egress.dispatcher,
      method: init?.method ?? "GET",
      headers: Object.fromEntries(headers),
      body: bodyOf(init?.body),
      signal,
    });
    const bytes = await readCapped(answer.body, limits.tokenAnswerBytesMax);
    if (bytes === undefined) {
      throw new GatehouseError("credential_unavailable", "The token server's answer is too large.");
    }
    const contentType = answer.headers["content-type"];
    return new Response(bytes, {
      status: answer.statusCode,
      headers: { "content-type": typeof contentType === "string" ? contentType : "application/json" },
    });
  };
}

function bodyOf(body: unknown): string | Buffer | null {
  if (body === undefined || body === null) return null;
  if (typeof body === "string") return body;
  if (body instanceof URLSearchParams) return body.toString();
  if (Buffer.isBuffer(body)) return body;
  throw new GatehouseError("assertion_failed", "a token request has a body of an unknown kind");
}
