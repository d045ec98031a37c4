import type { FastifyRequest } from "fastify";
import { type Act, type Actor, allRoles, mayDo, permissionOf } from "#identity";
import type { ControlPlanePorts } from "./control-plane-ports.ts";
import { ControlRefusal, refusalOfAuthentication } from "./refusal.ts";

/**
 * Who asks, by bearer token. Cookies are never looked at here: a page elsewhere can make a browser send those, and
 * cannot make it send this header.
 */
export async function requireActor(request: FastifyRequest, ports: ControlPlanePorts): Promise<Actor> {
  const token = /^Bearer ([^\s]+)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (token === undefined) throw new ControlRefusal("sign_in_needed", "no bearer token");
  const verdict = await ports.identity.actors.identify(token);
  if (verdict.kind === "refused")
    throw new ControlRefusal(refusalOfAuthentication(verdict.code), verdict.detail);
  return verdict.actor;
}

/** Throws unless this actor may do this now. */
export function requirePermission(actor: Actor, act: Act, ports: Pick<ControlPlanePorts, "clock">): void {
  const permission = permissionOf(actor, act, ports.clock.now());
  if (permission === "granted") return;
  const next = permission === "missing_role" ? whoMay(act) : undefined;
  throw new ControlRefusal(permission, `${act} by ${actor.proof}`, next);
}

/** The table of roles is public, so it costs nothing to say which one is missing, and saves a search in it. */
function whoMay(act: Act): string {
  const roles = allRoles.filter((role) => mayDo(role, act)).join(" or ");
  return `This takes the role ${roles}: ask an administrator, or sign in as somebody who has it. Stored sign-ins carry agent-user only.`;
}
