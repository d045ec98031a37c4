import { z } from "zod";
import { limits } from "#lib/limits";
import type { Claims } from "../claim-path.ts";

/** RFC 7662 section 2.2. Nearly everything there is optional; what we cannot do without is demanded here. */
const answerShape = z.looseObject({
  active: z.literal(true, { error: "not active" }),
  exp: z.number({ error: "no exp: nobody knows when it ends" }),
  iss: z.string().optional(),
  iat: z.number().optional(),
  nbf: z.number().optional(),
  scope: z.string().optional(),
  token_type: z.string().optional(),
  username: z
    .string()
    .max(limits.subjectCharsMax)
    .regex(/^\P{C}*$/u)
    .optional(),
  cnf: z.undefined({ error: "sender-constrained, and no proof of it comes with it" }).optional(),
});

export interface AnswerRules {
  readonly issuer: string;
  readonly scope: string | undefined;
  readonly now: Date;
}

export type JudgedAnswer =
  | { readonly kind: "sound"; readonly lifeMs: number }
  | { readonly kind: "objection"; readonly objection: string };

/** Whether the answer says that the token counts now, here. Whom it is for and who it names is judged as for any token. */
export function objectionToAnswer(answer: Claims, { issuer, scope, now }: AnswerRules): JudgedAnswer {
  const parsed = answerShape.safeParse(answer);
  if (!parsed.success) return objection(z.prettifyError(parsed.error));
  const { exp, iss, iat, nbf, scope: scopes, token_type: type } = parsed.data;
  const nowMs = now.getTime();
  // No skew: the issuer answers now, by the clock that set the end.
  const lifeMs = exp * 1000 - nowMs;
  if (lifeMs <= 0) return objection("expired");
  if (iss !== undefined && iss !== issuer) return objection(`of another issuer, ${iss}`);
  const isLater = [iat, nbf].some((seconds) => (seconds ?? 0) * 1000 > nowMs + limits.tokenSkewMs);
  if (isLater) return objection("iat or nbf in the future");
  if (type !== undefined && type.toLowerCase() !== "bearer") return objection(`of type ${type}`);
  if (scope !== undefined && !(scopes ?? "").split(" ").includes(scope))
    return objection(`without the scope ${scope}`);
  return { kind: "sound", lifeMs };
}

function objection(text: string): JudgedAnswer {
  return { kind: "objection", objection: text };
}
