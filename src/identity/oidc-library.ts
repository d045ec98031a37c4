import type * as oidc from "openid-client";
import { messageOf } from "#lib/errors";
import type { ProviderFetch } from "./guarded-fetch.ts";

/** How the OpenID Connect library's requests leave: through the egress guard, with forms as the only bodies. */
export function libraryFetch(
  fetch: ProviderFetch,
  ownHeaders: Readonly<Record<string, string>> = {},
): oidc.CustomFetch {
  return (url, { method, headers, body, signal }) =>
    // Code exchange and introspection are forms; nothing else a relying party sends has a body.
    fetch(url, {
      method,
      headers: { ...headers, ...ownHeaders },
      body: body instanceof URLSearchParams ? body : null,
      signal,
    });
}

/** The library wraps what went wrong; the log wants both sentences. */
export function libraryReason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return messageOf(error) + cause;
}
