/**
 * Where is the copy that nobody can take back? The log as objects of a write-once bucket, and reading it back from there.
 * It never overwrites, and writes to no bucket that would let somebody else do so. The bucket is trusted with keeping what
 * it was given; what comes back is verified like any other log.
 */
export type { ArchiveStore } from "./archive-store.ts";
