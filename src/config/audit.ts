import { z } from "zod";

/** Who may look at what is on record, besides auditors. */
export const auditSchema = z
  .strictObject({
    own_sessions: z
      .boolean()
      .default(false)
      .describe("people see and replay their own agents' sessions, after a fresh sign-in and on record"),
  })
  .prefault({});
