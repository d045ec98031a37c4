import type { Principal } from "#identity";

/** What a hold is on: one session, or every session, present and future, with an entry in which all of this fits. */
export type HoldScope = { readonly sessionId: string } | { readonly query: HoldQuery };

export interface HoldQuery {
  /** Lower case. */
  readonly principal?: string | undefined;
  readonly agent?: string | undefined;
  readonly resource?: string | undefined;
  readonly operation?: string | undefined;
  readonly class?: string | undefined;
  /** ISO 8601, UTC, milliseconds; inclusive. */
  readonly from?: string | undefined;
  /** The same; exclusive. */
  readonly to?: string | undefined;
}

/** While it stands nothing it is on is erased, by nobody and for no reason. */
export interface Hold {
  readonly id: string;
  readonly scope: HoldScope;
  readonly reason: string;
  readonly setBy: Principal;
  readonly setAt: Date;
}

/** What one auditor asked for, and another has to confirm. */
export interface CustodyRequest {
  readonly id: string;
  readonly act: "erase" | "release";
  /** A session's id, or a hold's. */
  readonly subject: string;
  readonly reason: string;
  readonly requestedBy: Principal;
  readonly requestedAt: Date;
  readonly isConfirmed: boolean;
}
