import { randomBytes } from "node:crypto";
import type { Clock } from "./clock.ts";

/** Google's access tokens live an hour. */
export const TOKEN_LIFE_SECONDS = 3_600;
const TOKENS_MAX = 10_000;

interface Token {
  readonly keyId: string;
  readonly email: string;
  readonly expiresAt: Date;
}

/** Opaque access tokens, in memory. */
export interface AccessTokens {
  issue(holder: { readonly id: string; readonly email: string }): string;
  /** E-mail of the service account behind the live token in an Authorization header. */
  holderOf(authorization: string | undefined): string | undefined;
  revokeAllOf(keyId: string): void;
}

export function createAccessTokens(clock: Clock): AccessTokens {
  const tokens = new Map<string, Token>();
  return {
    issue({ id, email }) {
      const [oldest] = tokens.keys();
      if (tokens.size >= TOKENS_MAX && oldest !== undefined) tokens.delete(oldest);
      const value = `practice-${randomBytes(96).toString("base64url")}`;
      const expiresAt = new Date(clock.now().getTime() + TOKEN_LIFE_SECONDS * 1000);
      tokens.set(value, { keyId: id, email, expiresAt });
      return value;
    },
    holderOf(authorization) {
      const value = /^Bearer +([A-Za-z0-9_-]+)$/i.exec(authorization ?? "")?.[1];
      const token = value === undefined ? undefined : tokens.get(value);
      return token !== undefined && clock.now() < token.expiresAt ? token.email : undefined;
    },
    revokeAllOf(keyId) {
      for (const [value, token] of tokens) if (token.keyId === keyId) tokens.delete(value);
    },
  };
}
