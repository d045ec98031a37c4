import type { NewEntry } from "#audit";
import type { Actor } from "#identity";
import { messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import type { ControlPlanePorts } from "./control-plane-ports.ts";
import { ControlRefusal } from "./refusal.ts";

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
  // Owned here: how many entries strangers may still cause this minute, and how many went unlisted.
  let minuteEndsAtMs = Number.NEGATIVE_INFINITY;
  let entriesLeft = 0;
  let unlisted = 0;

  const mayList = (): boolean => {
    if (clock.monotonicMs() >= minuteEndsAtMs) {
      minuteEndsAtMs = clock.monotonicMs() + 60_000;
      entriesLeft = limits.strangerEntriesPerMinuteMax;
    }
    entriesLeft -= 1;
    return entriesLeft >= 0;
  };

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
      if (actor === undefined && !mayList()) {
        unlisted += 1;
        return;
      }
      const before = unlisted;
      unlisted = 0;
      const detail = {
        ...subject,
        ...nameOf(actor),
        code: refusal.code,
        ...(before > 0 ? { unlisted: before } : {}),
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
