/**
 * Who is calling: identity providers' tokens, gateway tokens, sessions, roles.
 * It never tells a stranger which check failed. Trusted with every authentication decision.
 */
export type { Authentication, AuthenticationRefusal, Authenticator } from "./authenticator.ts";
export type { Principal, Role } from "./principal.ts";
export type { Caller, Session, SessionStore } from "./session.ts";
