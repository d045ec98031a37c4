import type { FastifyRequest } from "fastify";
import { type Act, type Actor, permissionOf } from "#identity";
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
  if (permission !== "granted") throw new ControlRefusal(permission, `${act} by ${actor.proof}`);
}
