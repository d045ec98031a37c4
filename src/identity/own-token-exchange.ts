import type { Clock } from "#lib/clock";
import { parseCompactToken } from "./compact-token.ts";
import type { GatewayTokens } from "./gateway-tokens.ts";
import type { Sessions } from "./sessions.ts";
import type { TokenOutcome } from "./token-outcome.ts";

export interface OwnTokenParts {
  readonly gatewayTokens: GatewayTokens;
  readonly sessions: Sessions;
  readonly clock: Clock;
}

/**
 * A gateway token shown as the subject of an exchange: Google's libraries exchange whatever an executable source gives
 * them, and a helper gives them nothing but its session's own token. They get the same token back, with the life it has
 * left: an exchange must neither lengthen it nor open another session. `undefined` for a token that is not ours.
 */
export async function exchangeOwnToken(
  form: { readonly subject_token: string; readonly agent?: unknown; readonly connection?: unknown },
  { gatewayTokens, sessions, clock }: OwnTokenParts,
): Promise<TokenOutcome | undefined> {
  const token = parseCompactToken(form.subject_token);
  if (token === undefined) return undefined;
  const verdict = await gatewayTokens.verify(token);
  if (verdict.kind === "refused") {
    return verdict.code === "expired" ? over("an expired gateway token as subject") : undefined;
  }
  if (form.agent !== undefined || form.connection !== undefined) {
    const message = "A gateway token opens no other session: leave agent and connection out.";
    return { kind: "refused", error: "invalid_request", message, detail: message };
  }
  const finding = await sessions.find(verdict.sessionId);
  const isTheirs = finding.kind === "running" && finding.session.principal.id === verdict.principalId;
  if (!isTheirs) return over(`${verdict.sessionId} is ${finding.kind}`);
  return {
    kind: "issued",
    accessToken: form.subject_token,
    expiresInS: Math.max(0, Math.floor((verdict.expiresAt.getTime() - clock.now().getTime()) / 1000)),
    refreshToken: undefined,
    sessionId: verdict.sessionId,
  };
}

function over(detail: string): TokenOutcome {
  const message = "The session was stopped, or is over.";
  return { kind: "refused", error: "invalid_grant", message, detail };
}
