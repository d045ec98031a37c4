import { me } from "#api";
import { isFresh } from "#identity";
import { requireActor } from "../asker.ts";
import type { ControlPlanePorts } from "../control-plane-ports.ts";
import type { App } from "./app.ts";

/** What the server makes of the token that asks. */
export function addMeRoute(app: App, ports: ControlPlanePorts): void {
  app.get("/api/v1/me", { schema: { response: { 200: me } } }, async (request) => {
    const actor = await requireActor(request, ports);
    const { principal, roles, proof, signedInAt, sessionId } = actor;
    return {
      principal: {
        id: principal.id,
        issuer: principal.issuer,
        subject: principal.subject,
        groups: [...principal.groups],
        ...(principal.email === undefined ? {} : { email: principal.email }),
      },
      roles: [...roles],
      proof,
      isFresh: isFresh(actor, ports.clock.now()),
      ...(signedInAt === undefined ? {} : { signedInAt: signedInAt.toISOString() }),
      ...(sessionId === undefined ? {} : { sessionId }),
    };
  });
}
