/** What became of attachments of one sort. */
export interface AttachmentCount {
  /** Opened, and as the entry commits to. */
  readonly asCommitted: number;
  readonly erased: number;
  /** The stored bytes are as committed, and what is in them nobody here can say. */
  readonly notOpened: number;
}

/** Names and facts of entries; masked messages; digests of bodies, and whatever later versions add. */
export interface AttachmentCounts {
  readonly details: AttachmentCount;
  readonly recordings: AttachmentCount;
  readonly digests: AttachmentCount;
}

type Counting = { -readonly [State in keyof AttachmentCount]: number };

export class AttachmentTally {
  readonly details = nothing();
  readonly recordings = nothing();
  readonly digests = nothing();

  add(role: string, state: keyof AttachmentCount): void {
    const sort =
      role === "detail"
        ? this.details
        : role === "request" || role === "answer"
          ? this.recordings
          : this.digests;
    sort[state] += 1;
  }

  total(state: keyof AttachmentCount): number {
    return this.details[state] + this.recordings[state] + this.digests[state];
  }

  counts(): AttachmentCounts {
    return { details: this.details, recordings: this.recordings, digests: this.digests };
  }
}

function nothing(): Counting {
  return { asCommitted: 0, erased: 0, notOpened: 0 };
}
