/**
 * Where is the copy that nobody can take back? The log as objects of a write-once bucket, and reading it back from there.
 * It never overwrites, and writes to no bucket that would let somebody else do so. The bucket is trusted with keeping what
 * it was given; what comes back is verified like any other log.
 */
export type { ArchiveStore } from "./archive-store.ts";
export { type Archived, type ArchiverParts, archive, requireLocked } from "./archiver.ts";
export { type ArchiveStatus, type Archiving, type ArchivingParts, openArchiving } from "./archiving.ts";
export { type CopiedLog, openCopiedLog } from "./copied-log.ts";
export type { ArchiveBucket, BucketLock, CopyObject, LogCopy } from "./copy.ts";
export { folderCopy } from "./folder-copy.ts";
export { type GcsSettings, gcsBucket } from "./gcs-bucket.ts";
export { s3Bucket } from "./s3-bucket.ts";
