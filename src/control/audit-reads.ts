import type { NewEntry } from "#audit";
import type { Actor } from "#identity";
import { messageOf } from "#lib/errors";
import type { ControlPlanePorts } from "./control-plane-ports.ts";
import { ControlRefusal } from "./refusal.ts";
import { strangerEntries } from "./stranger-entries.ts";

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

export function auditReads({ auditLog, clock, log }: ControlPlanePorts): AuditReads {
  const strangers = strangerEntries(clock);

  const append = async (entry: NewEntry): Promise<void> => {
    try {
      await auditLog.append(entry);
    } catch (error) {
      log.error({ err: error, kind: entry.kind }, "a look at the audit could not be recorded and is refused");
      throw new ControlRefusal("audit_unavailable", messageOf(error));
    }
  };

  return {
    read: (actor, subject) => append({ kind: "audit.read", detail: { ...subject, ...nameOf(actor) } }),
    denied: async (actor, subject, refusal) => {
      if (actor === undefined && !strangers.take()) return;
      const detail = { ...subject, ...nameOf(actor), code: refusal.code, ...strangers.unlisted() };
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
