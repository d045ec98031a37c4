/** One object of a copy, below the log's path in it. */
export interface CopyObject {
  readonly path: string;
  /** Of its first version, where the store keeps several; what was written first is what counts. */
  readonly version: string | undefined;
  /** Somebody wrote another version over it, or made it look deleted. */
  readonly wasOverwritten: boolean;
}

/** A copy of a log as objects, to be read: a bucket, or a folder that a bucket was downloaded to. */
export interface LogCopy {
  /** In order of path, each path once. */
  list(prefix: string): AsyncIterable<CopyObject>;
  get(path: string, version: string | undefined): Promise<Uint8Array | undefined>;
}

/** Whether the store itself keeps every object from being replaced and deleted, and if not, what is missing. */
export type BucketLock =
  | { readonly kind: "locked"; readonly how: string }
  | { readonly kind: "unlocked"; readonly missing: string };

/** A bucket to write to. */
export interface ArchiveBucket extends LogCopy {
  /** `s3://bucket/prefix`, for people and as the name under which progress is kept. */
  readonly place: string;
  lock(): Promise<BucketLock>;
  /** Durable when it resolves. `exists`: there was something already, and it is as it was. */
  put(path: string, bytes: Uint8Array): Promise<"stored" | "exists">;
}
