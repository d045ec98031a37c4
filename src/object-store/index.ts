/**
 * What lies in a bucket? Objects put, read and listed over the S3 protocol, at AWS, Google Cloud Storage (XML API with HMAC
 * keys) or anything that speaks it. It never deletes, never follows a redirect, and overwrites only when told to.
 * The bucket is not trusted: what comes back is checked by whoever asked.
 */

export { ListingWatch } from "./listing-watch.ts";
export type { ObjectStore, PutOptions } from "./object-store.ts";
export { type ObjectStoreSettings, openObjectStore } from "./s3-store.ts";
export {
  type LockRule,
  type ObjectVersion,
  openVersionedStore,
  type VersionedStore,
} from "./versioned-store.ts";
