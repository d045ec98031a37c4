import { sessionSummary, type TokenAnswer, tokenAnswer } from "#api";
import { Secret } from "#lib/secret";
import { callControlPlane } from "./control-plane.ts";

/** What the token endpoint lends for a while. */
export interface TokenLoan {
  readonly accessToken: Secret;
  readonly lifeMs: number;
  readonly refreshToken: Secret | undefined;
  readonly sessionId: string;
}

/** `POST /v1/token`: opening a session, keeping it open, and at last saying that it is done with. */
export interface TokenEndpoint {
  exchange(): Promise<TokenLoan>;
  refresh(refreshToken: Secret, timeoutMs?: number): Promise<TokenLoan>;
  end(accessToken: Secret, timeoutMs: number): Promise<void>;
}

export interface SessionRequest {
  readonly url: string;
  /** ID token of the client `gatehouse-agent`, or the token of a login made with the browser. */
  readonly subjectToken: Secret;
  readonly agent: string;
  readonly connection: string | undefined;
}

export function tokenEndpoint(request: SessionRequest): TokenEndpoint {
  const { url } = request;
  const post = async (form: Record<string, string>, timeoutMs?: number): Promise<TokenLoan> => {
    const within = timeoutMs === undefined ? {} : { timeoutMs };
    return loanOf(await callControlPlane({ url, path: "/v1/token", form, answer: tokenAnswer, ...within }));
  };
  return {
    exchange: () => post(exchangeForm(request)),
    refresh: (token, timeoutMs) =>
      post({ grant_type: "refresh_token", refresh_token: token.reveal() }, timeoutMs),
    end: async (bearer, timeoutMs) => {
      const path = "/api/v1/sessions/this/end";
      await callControlPlane({ url, path, bearer, json: {}, answer: sessionSummary, timeoutMs });
    },
  };
}

/** Logins are Gatehouse's own and say so in their first letters; all else is the identity provider's. */
function subjectTokenType(token: Secret): string {
  return token.reveal().startsWith("ghl_")
    ? "urn:gatehouse:params:oauth:token-type:login"
    : "urn:ietf:params:oauth:token-type:id_token";
}

/** RFC 8693 section 2.1. */
function exchangeForm(request: SessionRequest): Record<string, string> {
  return {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: request.subjectToken.reveal(),
    subject_token_type: subjectTokenType(request.subjectToken),
    requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
    agent: request.agent,
    ...(request.connection === undefined ? {} : { connection: request.connection }),
  };
}

function loanOf(answer: TokenAnswer): TokenLoan {
  return {
    accessToken: new Secret(answer.access_token),
    lifeMs: answer.expires_in * 1000,
    refreshToken: answer.refresh_token === undefined ? undefined : new Secret(answer.refresh_token),
    sessionId: answer.session_id,
  };
}
