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

/** RFC 8628 section 3.2. There is no address with the code in it: whoever types it has looked at their terminal. */
export const deviceAnswer = z.object({
  device_code: z.string(),
  user_code: z.string(),
  verification_uri: z.url(),
  expires_in: z.number().int().min(1).max(86_400),
  /** A server that asks for no pause, or for one of hours, is none of ours. */
  interval: z.number().int().min(0).max(600),
});
export type DeviceAnswer = z.infer<typeof deviceAnswer>;

/** What a device code brings once a person has said yes: a login, kept on the machine. */
export const loginAnswer = z.object({
  access_token: z.string(),
  issued_token_type: z.literal("urn:gatehouse:params:oauth:token-type:login"),
  token_type: z.literal("N_A"),
  expires_in: z.number().int(),
  /** Our own member, for people to see who they are. */
  email: z.string().optional(),
});
export type LoginAnswer = z.infer<typeof loginAnswer>;
