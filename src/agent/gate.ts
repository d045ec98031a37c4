import type { Secret } from "#lib/secret";
import type { Target } from "./route.ts";
import type { FreshToken, TokenSource } from "./token-source.ts";
import { openThroughProxy, type TunnelOutcome } from "./tunnel.ts";

/** The gateway as seen from the helper: where it is, and the token that opens it. */
export interface Gate {
  readonly proxyUrl: URL;
  readonly tokens: TokenSource;
}

/**
 * A tunnel to a Google host through the gateway. A token the gateway no longer takes is replaced once; when that fails
 * the session is over and the token source says so. Throws `session_ended`, `server_unreachable`, `connect_failed`.
 */
export async function openThroughGateway(
  gate: Gate,
  target: Target,
  signal: AbortSignal,
): Promise<TunnelOutcome> {
  const first = await gate.tokens.current();
  const outcome = await openWith(first, gate, target, signal);
  if (outcome.kind !== "refused" || outcome.status !== 407) return outcome;
  const second = await gate.tokens.replace(first.accessToken);
  const again = await openWith(second, gate, target, signal);
  // 407 is between the gateway and us: the client's own proxy credential was right, and it would ask five times more.
  return again.kind === "refused" && again.status === 407 ? { ...again, status: 403 } : again;
}

function openWith(
  token: FreshToken,
  gate: Gate,
  target: Target,
  signal: AbortSignal,
): Promise<TunnelOutcome> {
  return openThroughProxy({ url: gate.proxyUrl, authorization: bearer(token.accessToken) }, target, signal);
}

function bearer(token: Secret): string {
  return `Bearer ${token.reveal()}`;
}
