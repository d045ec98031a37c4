import { moment } from "./text.ts";

/** Absent members: nobody here could read them. */
export interface ErasureWords {
  readonly at: string;
  readonly cause: string;
  readonly reason?: string | undefined;
  readonly requestedBy?: string | undefined;
  readonly confirmedBy?: string | undefined;
}

/** When, by whom and why the recordings of a session were erased, in one line. Somebody else's words: not printable yet. */
export function erasureText({ at, cause, reason, requestedBy, confirmedBy }: ErasureWords): string {
  if (cause === "retention") return `${moment(at)}, since the time to keep it was over`;
  const by = requestedBy === undefined ? "somebody" : `${requestedBy} and ${confirmedBy ?? "somebody"}`;
  const why = reason === undefined ? "for a reason that cannot be read here" : `because: ${reason}`;
  return `${moment(at)} by ${by}, ${why}`;
}
