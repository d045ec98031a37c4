import type { CompactToken } from "./compact-token.ts";

/** Access tokens, refresh tokens, authorization codes, API keys, OAuth client secrets. */
const shapes = /^(ya29\.|1\/\/|4\/0|AIza|GOCSPX-)/;

const googleIssuers: ReadonlySet<unknown> = new Set([
  "https://accounts.google.com",
  "accounts.google.com",
  "https://sts.googleapis.com",
  "https://sts.googleapis.com/",
]);

/**
 * Whether this is something that Google would take: an agent that has it does not need us, and somebody should know.
 * `isOurIssuer` says that Google's own ID tokens were configured as proof of identity.
 */
export function isGoogleCredential(
  text: string,
  token: CompactToken | undefined,
  isOurIssuer: boolean,
): boolean {
  if (shapes.test(text)) return true;
  const issuer = token?.claims["iss"];
  if (typeof issuer === "string" && /[@.]gserviceaccount\.com$/.test(issuer)) return true;
  return googleIssuers.has(issuer) && !isOurIssuer;
}
