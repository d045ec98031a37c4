import type { FastifyRequest } from "fastify";
import { type Actor, isFresh, permissionOf } from "#identity";
import { requireActor } from "./asker.ts";
import type { AuditSubject } from "./audit-reads.ts";
import type { ControlPlanePorts } from "./control-plane-ports.ts";
import { ControlRefusal } from "./refusal.ts";
import type { Reading } from "./require-auditor.ts";

/** Whose sessions somebody may look at. */
export type Visible = { readonly kind: "all" } | { readonly kind: "own"; readonly principalId: string };

/**
 * An auditor sees all sessions; whoever else signed in just now, as a person, their own if the operator says so. The read, or its refusal,
 * is on record before this returns or throws. `owner`: principal id of the session asked for, if there is one.
 */
export async function requireSessionRead(
  request: FastifyRequest,
  subject: AuditSubject & { readonly owner?: string | undefined },
  { ports, reads }: Reading,
): Promise<Visible> {
  const { owner, ...asked } = subject;
  let actor: Actor | undefined;
  let visible: Visible;
  try {
    actor = await requireActor(request, ports);
    visible = visibleTo(actor, asked.what === "sessions" ? actor.principal.id : owner, ports);
  } catch (error) {
    if (error instanceof ControlRefusal) await reads.denied(actor, asked, error);
    throw error;
  }
  const seen = visible.kind === "own" ? { ...asked, own: true as const } : asked;
  await (asked.what === "recordings" ? reads.readOnce(actor, seen) : reads.read(actor, seen));
  return visible;
}

/** Whoever may not see a session does not learn whether there is one. */
function visibleTo(actor: Actor, owner: string | undefined, ports: ControlPlanePorts): Visible {
  const now = ports.clock.now();
  const permission = permissionOf(actor, "audit.read", now);
  if (permission === "granted") return { kind: "all" };
  // What a laptop stores is what an agent finds: it shows no recordings, not even of its own session.
  const isPerson = actor.proof === "console_token" || actor.proof === "browser";
  const isOwn = ports.ownSessions && isPerson && owner === actor.principal.id;
  if (isOwn && isFresh(actor, now)) return { kind: "own", principalId: actor.principal.id };
  throw new ControlRefusal(isOwn ? "sign_in_not_fresh" : permission, `audit.read by ${actor.proof}`);
}
