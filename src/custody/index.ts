/**
 * How long what was recorded is kept, and who may end it: erasure, retention and legal holds. It destroys nothing on one
 * person's word, nothing under a hold, and nothing without an entry that says so. Trusted with the keys' destruction, never with
 * what they seal.
 */
export {
  type Confirmed,
  type Custody,
  type CustodyParts,
  type CustodyRefusal,
  type HoldSet,
  openCustody,
  type Requested,
} from "./custody.ts";
export type { Confirmation, CustodyStore, EndedSession, Shredding } from "./custody-store.ts";
export type { CustodyRequest, Hold, HoldQuery, HoldScope } from "./hold.ts";
export type { Keep } from "./keep.ts";
