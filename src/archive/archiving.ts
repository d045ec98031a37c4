import { GatehouseError, messageOf } from "#lib/errors";
import type { Timer } from "#lib/timer";
import { type Archived, type ArchiverParts, archive, requireLocked } from "./archiver.ts";

/** How it stands with the archive. `contradicted`: the bucket holds other bytes than the log. */
export interface ArchiveStatus {
  readonly place: string;
  readonly state: "waiting" | "archived" | "failing" | "contradicted";
  readonly size: number;
  readonly why: string | undefined;
}

export interface ArchivingParts extends ArchiverParts {
  readonly timer: Timer;
  readonly everyMs: number;
  /** Another state than before. */
  readonly onChange: (status: ArchiveStatus) => void;
}

export interface Archiving {
  readonly status: ArchiveStatus;
  /** Archives now, after what is under way; never rejects. */
  run(): Promise<void>;
  close(): Promise<void>;
}

/** Throws `archive_bucket_unlocked`. A bucket that cannot be reached yet is asked again before anything is written. */
export async function openArchiving(parts: ArchivingParts): Promise<Archiving> {
  const { bucket, store, timer, everyMs } = parts;
  const size = await store.sizeAt(bucket.place);
  let status: ArchiveStatus = { place: bucket.place, state: "waiting", size, why: undefined };
  const stop = new AbortController();
  let cancel: () => void = () => undefined;
  let underWay: Promise<void> = Promise.resolve();
  const settle = (next: Omit<ArchiveStatus, "place">): void => {
    // A store that is away does not take back what it showed.
    if (next.state === "failing" && status.state === "contradicted") return;
    const isNews = next.state !== status.state;
    status = { ...next, place: bucket.place };
    if (isNews) parts.onChange(status);
  };
  const once = async (): Promise<void> => {
    try {
      const archived: Archived = await archive({ ...parts, signal: stop.signal });
      settle({ state: "archived", size: archived.size, why: undefined });
    } catch (error) {
      if (stop.signal.aborted) return;
      const isContradicted = error instanceof GatehouseError && error.code === "archive_contradicted";
      settle({
        state: isContradicted ? "contradicted" : "failing",
        size: status.size,
        why: messageOf(error),
      });
    }
  };
  const run = (): Promise<void> => {
    underWay = underWay.then(once);
    return underWay;
  };
  const runOn = (): void => {
    if (!stop.signal.aborted) cancel = timer.after(everyMs, () => void run().finally(runOn));
  };
  await requireLockedIfReachable();
  runOn();
  return {
    get status() {
      return status;
    },
    run,
    close: async () => {
      stop.abort();
      cancel();
      await underWay;
    },
  };

  async function requireLockedIfReachable(): Promise<void> {
    try {
      await requireLocked(bucket);
    } catch (error) {
      if (error instanceof GatehouseError && error.code === "archive_bucket_unlocked") throw error;
      settle({ state: "failing", size, why: messageOf(error) });
    }
  }
}
