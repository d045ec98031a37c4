import { z } from "zod";

/** `GET /api/v1/me`: what the server makes of the token that asks. */
export const me = z.object({
  principal: z.object({
    id: z.string(),
    email: z.string().optional(),
    issuer: z.string(),
    subject: z.string(),
    groups: z.array(z.string()),
  }),
  /** Roles that this proof carries, which may be fewer than the person has. */
  roles: z.array(z.enum(["agent-user", "approver", "auditor", "policy-admin"])),
  proof: z.enum(["gateway_token", "agent_token", "console_token", "browser"]),
  signedInAt: z.iso.datetime().optional(),
  /** Recent enough for acts of approvers, auditors and administrators. */
  isFresh: z.boolean(),
  sessionId: z.string().optional(),
});
export type Me = z.infer<typeof me>;
