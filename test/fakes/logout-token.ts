import { randomUUID } from "node:crypto";
import type { FakePerson, TokenIssuer } from "./token-issuer.ts";

type Claims = Record<string, unknown>;

export const backChannelEvent = "http://schemas.openid.net/event/backchannel-logout";

/** A logout token as an honest provider makes it; members set to `undefined` are left out. */
export function logoutToken(
  issuer: TokenIssuer,
  person: FakePerson,
  claims: Claims = {},
  header: Claims = {},
): Promise<string> {
  const noIdToken = { auth_time: undefined, email: undefined, email_verified: undefined, groups: undefined };
  const honest = { ...noIdToken, jti: randomUUID(), events: { [backChannelEvent]: {} } };
  return issuer.idToken("web", person, { ...honest, ...claims }, { typ: "logout+jwt", ...header });
}
