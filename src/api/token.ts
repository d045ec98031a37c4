import { z } from "zod";

/** RFC 8693 section 2.2.1, with a refresh token bound to the session (RFC 6749 section 5.1). */
export const tokenAnswer = z.object({
  access_token: z.string(),
  issued_token_type: z.literal("urn:ietf:params:oauth:token-type:access_token"),
  token_type: z.literal("Bearer"),
  expires_in: z.number().int(),
  refresh_token: z.string().optional(),
  /** Our own member: the session the token belongs to. */
  session_id: z.string(),
});
export type TokenAnswer = z.infer<typeof tokenAnswer>;

export const tokenError = z.object({ error: z.string(), error_description: z.string().optional() });
