import type { Actor } from "#identity";
import { createStrangerQuota } from "#lib/stranger-quota";
import type { ControlPlanePorts } from "./control-plane-ports.ts";
import { onRecord } from "./on-record.ts";
import type { ControlRefusal } from "./refusal.ts";

/** What somebody wants to look at. */
export interface AuditSubject {
  readonly what: "sessions" | "session";
  readonly sessionId?: string;
}

/** Puts reads of the audit on record, those that were refused as well, before anybody gets an answer. */
export interface AuditReads {
  read(actor: Actor, subject: AuditSubject): Promise<void>;
  denied(actor: Actor | undefined, subject: AuditSubject, refusal: ControlRefusal): Promise<void>;
}

export function auditReads(ports: ControlPlanePorts): AuditReads {
  const strangers = createStrangerQuota(ports.clock);

  const append = onRecord(ports);

  return {
    read: (actor, subject) => append({ kind: "audit.read", detail: { ...subject, ...nameOf(actor) } }),
    denied: async (actor, subject, refusal) => {
      if (actor === undefined && !strangers.take()) return;
      const detail = {
        ...subject,
        ...nameOf(actor),
        code: refusal.code,
        othersUnlisted: strangers.unlisted(),
      };
      await append({ kind: "audit.read_denied", detail });
    },
  };
}

function nameOf(actor: Actor | undefined): Record<string, string> {
  if (actor === undefined) return {};
  const { principal, proof } = actor;
  return {
    principalId: principal.id,
    issuer: principal.issuer,
    subject: principal.subject,
    ...(principal.email === undefined ? {} : { email: principal.email }),
    proof,
  };
}
