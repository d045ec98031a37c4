/**
 * Who is calling: identity providers' tokens and SAML assertions, gateway tokens, sessions, roles.
 * It never tells a stranger which check failed. Trusted with every authentication decision.
 */
export {
  type Actor,
  type Actors,
  type ActorVerdict,
  isFresh,
  type Permission,
  permissionOf,
} from "./actor.ts";
export type { Authentication, AuthenticationRefusal, Authenticator } from "./authenticator.ts";
export type { BrowserSignIn, PendingSignIn, SignInAnswer } from "./browser-sign-in.ts";
export type { ClaimPath } from "./claim-path.ts";
export type { ClaimedDevice, DeviceSignIns } from "./device/device-sign-ins.ts";
export type { Login, LoginStore } from "./device/login.ts";
export { shownUserCode } from "./device/user-code.ts";
export type { TokenSigner } from "./gateway-tokens.ts";
export type { IssuerSettings } from "./identity-token.ts";
export type { IntrospectionSettings } from "./introspection/introspection.ts";
export type { SignatureAlgorithm } from "./key-set.ts";
export { completeMachine, type MachineCompletion, type WrittenMachine } from "./machines/complete-machine.ts";
export type { Condition } from "./machines/condition.ts";
export type { MachineKind, MachineSettings } from "./machines/machine.ts";
export { callbackPath, unnamedProvider } from "./oidc-sign-in.ts";
export {
  guardedNetwork,
  type Identity,
  type IdentityParts,
  openIdentity,
} from "./open-identity.ts";
export type { Network } from "./open-issuers.ts";
export { type ClaimsMapping, standardClaims } from "./person-claims.ts";
export type { Principal, Role } from "./principal.ts";
export type { ClientKind, ProvenIdentity, Workload } from "./proven-identity.ts";
export type { KeySource } from "./provider-keys.ts";
export type { Providers } from "./providers-in-force.ts";
export { type Act, allActs, allRoles, mayDo, type RoleGroups } from "./roles.ts";
export { objectionToCertificate } from "./saml/certificates.ts";
export type { SamlSettings } from "./saml/saml-settings.ts";
export type { SpentAssertions } from "./saml/spent-assertions.ts";
export type { Caller, Session, SessionStore } from "./session.ts";
export type { SessionFact, SessionFinding, Sessions } from "./sessions.ts";
export type { SignedInAtProvider, SignInOutcome, SignInProvider } from "./sign-in-provider.ts";
export type { ProviderSession, SignOutStore } from "./sign-out/sign-out-store.ts";
export type { Ended, ProviderSignOut, SignOuts } from "./sign-out/sign-outs.ts";
export type { StopCause } from "./sign-out/stop-cause.ts";
export { isMeant, type Whose } from "./sign-out/whose.ts";
export {
  type Introspection,
  loginTokenType,
  type TokenEndpoint,
} from "./token-endpoint.ts";
export type { TokenErrorCode, TokenOutcome } from "./token-outcome.ts";
export type { ProviderTrust } from "./trust.ts";
