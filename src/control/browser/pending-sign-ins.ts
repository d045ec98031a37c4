import type { FastifyReply, FastifyRequest } from "fastify";
import type { PendingSignIn } from "#identity";
import { limits } from "#lib/limits";
import type { ControlPlanePorts } from "../control-plane-ports.ts";
import { browserCookie } from "./cookies.ts";
import { Vault } from "./vault.ts";

/** A sign-in that began in this browser. */
export interface BegunSignIn {
  readonly pending: PendingSignIn;
  readonly returnPath: string;
}

/** Sign-ins under way, each bound to one browser by a cookie that counts once. */
export interface PendingSignIns {
  begin(reply: FastifyReply, begun: BegunSignIn): void;
  take(request: FastifyRequest, reply: FastifyReply): BegunSignIn | undefined;
}

export function openPendingSignIns({ url, clock }: ControlPlanePorts): PendingSignIns {
  const cookie = browserCookie("gatehouse_sign_in", new URL(url).protocol === "https:");
  const begun = new Vault<BegunSignIn>({ max: limits.pendingSignInsMax, lifeMs: limits.signInMsMax }, clock);
  return {
    begin: (reply, wanted) => cookie.write(reply, begun.put(wanted), limits.signInMsMax),
    take: (request, reply) => {
      const found = begun.take(cookie.read(request));
      cookie.clear(reply);
      return found;
    },
  };
}
