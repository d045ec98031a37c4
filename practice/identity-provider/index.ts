/**
 * The development identity provider: real OpenID Connect by oidc-provider, with people who need no password.
 *
 * It proves nothing about anybody: whoever reaches it is whoever they say. So it listens on loopback only, answers to
 * its own address only, says so on its page, and is never a default outside the quick start.
 * Trust: none. Only a server whose configuration says `development` may accept its tokens.
 */
export type { WebSecret } from "./clients.ts";
export { DEVELOPMENT_GRANT } from "./development-grant.ts";
export {
  type IdentityProvider,
  type IdentityProviderOptions,
  startIdentityProvider,
} from "./identity-provider.ts";
export { defaultPeople, type Person } from "./people.ts";
