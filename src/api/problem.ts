import { z } from "zod";

/** Every refusal of the control plane: a stable code, what happened, what to do next. */
export const problem = z.object({
  error: z.object({ code: z.string(), message: z.string(), next: z.string().optional() }),
});
export type Problem = z.infer<typeof problem>;
