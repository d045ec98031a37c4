import type { FastifyRequest } from "fastify";
import type { Actor } from "#identity";
import { requireActor, requirePermission } from "./asker.ts";
import type { AuditReads, AuditSubject } from "./audit-reads.ts";
import type { ControlPlanePorts } from "./control-plane-ports.ts";
import { ControlRefusal } from "./refusal.ts";

export interface Reading {
  readonly ports: ControlPlanePorts;
  readonly reads: AuditReads;
}

/** An auditor with a fresh sign-in, or a refusal that is on record before it is thrown. */
export async function requireAuditor(
  request: FastifyRequest,
  subject: AuditSubject,
  { ports, reads }: Reading,
): Promise<Actor> {
  let actor: Actor | undefined;
  try {
    actor = await requireActor(request, ports);
    requirePermission(actor, "audit.read", ports);
    return actor;
  } catch (error) {
    if (error instanceof ControlRefusal) await reads.denied(actor, subject, error);
    throw error;
  }
}

/** The same, and the read is on record before this returns. */
export async function requireRecordedRead(
  request: FastifyRequest,
  subject: AuditSubject,
  reading: Reading,
): Promise<void> {
  await reading.reads.read(await requireAuditor(request, subject, reading), subject);
}
