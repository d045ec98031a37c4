import { z } from "zod";
import { emptySpan, entryWord, isSpan } from "./audit.ts";

const reason = z.string().min(1).max(2_000);
const word = z.string().min(1).max(256);
const sessionId = z.string().regex(/^[A-Za-z0-9_-]{1,128}$/);

/** What a hold looks for; every member that is there must fit one entry of a session. */
export const holdQuery = z
  .strictObject({
    principal: word.optional(),
    agent: word.optional(),
    resource: z.string().min(1).max(8_192).optional(),
    operation: word.optional(),
    class: entryWord("class").optional(),
    from: z.iso.datetime().optional(),
    to: z.iso.datetime().optional(),
  })
  .refine((query) => Object.values(query).some((each) => each !== undefined), {
    error: "must name something",
  })
  .refine(isSpan, emptySpan);
export type HoldQueryView = z.infer<typeof holdQuery>;

/** `POST /api/v1/audit/holds`. */
export const newHold = z.union([
  z.strictObject({ session: sessionId, reason }),
  z.strictObject({ query: holdQuery, reason }),
]);
export type NewHold = z.infer<typeof newHold>;

export const hold = z.object({
  id: z.string(),
  session: z.string().optional(),
  query: z.record(z.string(), z.string()).optional(),
  reason: z.string(),
  setBy: z.string(),
  setAt: z.string(),
});
export type HoldView = z.infer<typeof hold>;

/** What one auditor asked for and another has to confirm. */
export const custodyRequest = z.object({
  id: z.string(),
  act: z.enum(["erase", "release"]),
  /** A session's id, or a hold's. */
  subject: z.string(),
  reason: z.string(),
  requestedBy: z.string(),
  requestedAt: z.string(),
});
export type CustodyRequestView = z.infer<typeof custodyRequest>;

/** `GET /api/v1/audit/holds`: those that stand, and the requests that nobody has confirmed yet. */
export const holdList = z.object({ holds: z.array(hold), requests: z.array(custodyRequest) });

/** `POST /api/v1/audit/holds/:id/release`. */
export const releaseRequest = z.strictObject({ reason });

/** `POST /api/v1/audit/erasures`. */
export const erasureRequest = z.strictObject({ session: sessionId, reason });

/** `POST /api/v1/audit/requests/:id/confirmation`. */
export const confirmation = z.object({
  request: custodyRequest,
  outcome: z.enum(["erased", "released"]),
  /** Of an erasure: whether nothing of it is left in the database's files. */
  isScrubbed: z.boolean().optional(),
  /** Of an erasure: whether what is left goes when PostgreSQL vacuums, rather than within the hour. */
  isLeftToVacuum: z.boolean().optional(),
});
