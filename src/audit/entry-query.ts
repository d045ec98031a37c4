/** A place in the listing, newest first: after the entry `index` of time `t`. */
export interface EntryCursor {
  /** ISO 8601, as entries have it. */
  readonly t: string;
  readonly index: number;
}

/** What to look for; every member that is there must fit. */
export interface EntryFilter {
  /** ISO 8601, UTC, milliseconds; inclusive. */
  readonly from?: string | undefined;
  /** The same; exclusive. */
  readonly to?: string | undefined;
  /** Lower case. */
  readonly principal?: string | undefined;
  readonly agent?: string | undefined;
  readonly resource?: string | undefined;
  readonly session?: string | undefined;
  readonly exchange?: string | undefined;
  readonly kind?: string | undefined;
  readonly operation?: string | undefined;
  readonly class?: string | undefined;
  readonly decision?: string | undefined;
  readonly status?: number | undefined;
}

export interface EntryQuery {
  readonly filter: EntryFilter;
  /** Words that all have to occur, whatever their case, in what an entry says and is about; stores do not look at it. */
  readonly text?: string | undefined;
  /** Where the page before ended. */
  readonly before?: EntryCursor | undefined;
  readonly limit: number;
}
