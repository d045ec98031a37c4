import { type ObjectStoreSettings, openObjectStore, openVersionedStore } from "#object-store";
import type { ArchiveBucket, BucketLock, CopyObject } from "./copy.ts";

/** A bucket of S3, or of a store that speaks its protocol, with Object Lock. `prefix` ends in a slash or is empty. */
export function s3Bucket(settings: ObjectStoreSettings, prefix: string): ArchiveBucket {
  const objects = openObjectStore(settings);
  const versioned = openVersionedStore(settings);
  return {
    place: `s3://${settings.bucket}/${prefix}`,
    put: (path, bytes) => objects.put(prefix + path, bytes),
    get: (path, version) =>
      version === undefined ? objects.get(prefix + path) : versioned.getVersion(prefix + path, version),
    lock: async () => lockOf(await versioned.lockRule()),
    async *list(below) {
      let current: { key: string; first: string | undefined; count: number } | undefined;
      for await (const { key, version, isDeletion } of versioned.versions(prefix + below)) {
        if (current?.key !== key) {
          if (current !== undefined) yield* firstOf(current, prefix);
          current = { key, first: undefined, count: 0 };
        }
        current.count += 1;
        // The newest comes first: what is left at the end is what was written first.
        if (!isDeletion) current.first = version;
      }
      if (current !== undefined) yield* firstOf(current, prefix);
    },
  };
}

function* firstOf(
  { key, first, count }: { key: string; first: string | undefined; count: number },
  prefix: string,
): Generator<CopyObject> {
  // Nothing but markers: somebody hid an object that never was.
  if (first === undefined) return;
  yield { path: key.slice(prefix.length), version: first, wasOverwritten: count > 1 };
}

function lockOf(rule: { readonly mode: string; readonly period: string } | undefined): BucketLock {
  if (rule === undefined) {
    return { kind: "unlocked", missing: "Object Lock with a default retention in COMPLIANCE mode" };
  }
  if (rule.mode === "COMPLIANCE") return { kind: "locked", how: `COMPLIANCE for ${rule.period}` };
  return {
    kind: "unlocked",
    missing: `COMPLIANCE mode: its default retention is ${rule.mode}, which its administrators can lift`,
  };
}
