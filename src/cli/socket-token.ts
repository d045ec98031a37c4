import { z } from "zod";
import { askSocket } from "#agent";
import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import { Secret } from "#lib/secret";
import type { SubjectToken } from "./executable-answer.ts";

const lent = z.object({
  access_token: z.string().min(1).max(limits.tokenBytesMax),
  expires_in: z.number().int().min(0),
  audience: z.string(),
});
const refused = z.object({ code: z.string(), message: z.string() });

export interface LentToken extends SubjectToken {
  /** What a credential file of this run names as audience. */
  readonly audience: string;
}

/** The gateway token of the run whose socket this is. Throws `socket_foreign`, `helper_gone`, or what the helper says. */
export async function readSocketToken(socket: string, now: Date): Promise<LentToken> {
  const { body } = await askSocket(socket, "/v1/token");
  const found = lent.safeParse(body);
  if (found.success) {
    const { access_token: token, expires_in: leftS, audience } = found.data;
    return { token: new Secret(token), expiresAtS: Math.floor(now.getTime() / 1000) + leftS, audience };
  }
  const refusal = refused.safeParse(body);
  if (refusal.success) throw new GatehouseError(refusal.data.code, refusal.data.message);
  throw new GatehouseError(
    "socket_foreign",
    `What listens at ${socket} is no Gatehouse helper of this version.`,
  );
}
