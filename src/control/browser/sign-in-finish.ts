import type { FastifyReply, FastifyRequest } from "fastify";
import type { SignInAnswer } from "#identity";
import type { ControlPlanePorts } from "../control-plane-ports.ts";
import { onRecord } from "../on-record.ts";
import { ControlRefusal } from "../refusal.ts";
import { refusedSignIns } from "../refused-sign-ins.ts";
import type { BegunSignIn, PendingSignIns } from "./pending-sign-ins.ts";
import type { Visitors } from "./visitor.ts";

export interface SignInHall {
  readonly ports: ControlPlanePorts;
  readonly visitors: Visitors;
  readonly pendingSignIns: PendingSignIns;
  readonly finish: SignInFinish;
}

/** Lets in whom the answer proves, and sends them where they wanted to go. Throws the refusal. */
export type SignInFinish = (
  answer: SignInAnswer,
  begun: BegunSignIn | undefined,
  http: { readonly request: FastifyRequest; readonly reply: FastifyReply },
) => Promise<FastifyReply>;

/** The same for all providers: whoever is not proven is refused on record, and nobody is let in without a record. */
export function signInFinish(ports: ControlPlanePorts, visitors: Visitors): SignInFinish {
  const record = onRecord(ports);
  const onRefused = refusedSignIns(ports);
  return async (answer, begun, { request, reply }) => {
    if (begun === undefined) {
      throw new ControlRefusal("sign_in_unknown", "no pending sign-in in this browser");
    }
    const { recentStops } = ports.identity.sessions;
    const stopsBefore = recentStops.count;
    const outcome = await ports.identity.browserSignIn.finish(answer, begun.pending);
    if (outcome.kind === "refused") {
      const { code, detail } = outcome;
      await onRefused({ where: "sign_in", code, detail, address: request.ip });
      throw new ControlRefusal(code, detail);
    }
    const { principal } = outcome.identity;
    await record({
      kind: "auth.signed_in",
      detail: {
        principal: principal.email ?? principal.subject,
        issuer: principal.issuer,
        address: request.ip,
      },
    });
    // Browser sessions were ended when this one was not there yet.
    if (recentStops.causeSince(stopsBefore, principal) !== undefined)
      throw new ControlRefusal("sign_in_refused", "stopped while they signed in");
    visitors.enter(request, reply, outcome);
    return reply.redirect(begun.returnPath, 303);
  };
}
