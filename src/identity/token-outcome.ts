/** RFC 6749 section 5.2, RFC 8693 section 2.2.2; `access_denied` and `temporarily_unavailable` as RFC 6749 section 4.1.2.1. */
export type TokenErrorCode =
  | "invalid_request"
  | "invalid_grant"
  | "invalid_target"
  | "unsupported_grant_type"
  | "access_denied"
  | "temporarily_unavailable"
  /** RFC 8628 section 3.5. */
  | "authorization_pending"
  | "slow_down"
  | "expired_token";

export type TokenOutcome =
  | {
      readonly kind: "issued";
      readonly accessToken: string;
      readonly expiresInS: number;
      readonly refreshToken: string | undefined;
      readonly sessionId: string;
    }
  /** A login for the machine that asked: what opens sessions, and no gateway token itself. */
  | {
      readonly kind: "login";
      readonly token: string;
      readonly expiresInS: number;
      readonly email: string | undefined;
    }
  /** `message` is for the caller, `detail` for our log: a forger is not told which check caught him. */
  | {
      readonly kind: "refused";
      readonly error: TokenErrorCode;
      readonly message: string;
      readonly detail: string;
    };
