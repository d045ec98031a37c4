/**
 * How we reach Google: upstream identities, fences, short-lived credentials.
 * The credential leaves here only for the upstream request; it is never logged, stored or returned.
 */
export type { Connection, ConnectionChoice, UpstreamCredential, UpstreamIdentity } from "./connection.ts";
export type { ConnectionRegistry } from "./registry.ts";
