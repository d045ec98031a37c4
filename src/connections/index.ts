/**
 * How we reach Google: upstream identities, fences, short-lived credentials.
 * The credential leaves here only for the upstream request; it is never logged, stored or returned.
 */
export type { Connection, ConnectionChoice, UpstreamCredential, UpstreamIdentity } from "./connection.ts";
export { type GoogleApi, openGoogleApi } from "./google-api.ts";
export { egressFences } from "./line.ts";
export { openConnections } from "./open-connections.ts";
export type { ConnectionChange, ConnectionRegistry, OpenedConnections } from "./registry.ts";
export { openStorageCredential, type StorageCredential, type StorageIdentity } from "./storage-credential.ts";
