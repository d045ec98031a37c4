import type { NewEntry } from "#audit";
import type { Actor } from "#identity";
import type { Clock } from "#lib/clock";
import { limits } from "#lib/limits";
import { createStrangerQuota } from "#lib/stranger-quota";
import type { ControlPlanePorts } from "./control-plane-ports.ts";
import { onRecord } from "./on-record.ts";
import type { ControlRefusal } from "./refusal.ts";

/** What somebody wants to look at. */
export interface AuditSubject {
  readonly what:
    | "sessions"
    | "session"
    | "recordings"
    | "log"
    | "entries"
    | "entry"
    | "proof"
    | "holds"
    | "hold"
    | "release"
    | "erasure"
    | "confirmation";
  /** Of a hold or a request. */
  readonly id?: string;
  readonly sessionId?: string;
  readonly index?: number;
  /** Whether somebody looked at their own, who may not look at others'. */
  readonly own?: true;
  readonly asked?: Readonly<Record<string, string | number>>;
  /** Of an export. */
  readonly format?: string;
}

/** Puts reads of the audit on record, those that were refused as well, before anybody gets an answer. */
export interface AuditReads {
  read(actor: Actor, subject: AuditSubject): Promise<void>;
  /**
   * Once for each sign-in and subject: a replay is hundreds of recordings, an export thousands of files or pages, and one
   * entry for each would make the log as much longer.
   */
  readOnce(actor: Actor, subject: AuditSubject): Promise<void>;
  /** Once, as `readOnce`. */
  exported(actor: Actor, subject: AuditSubject): Promise<void>;
  denied(
    actor: Actor | undefined,
    subject: AuditSubject,
    refusal: ControlRefusal,
    kind?: "audit.read_denied" | "audit.act_denied",
  ): Promise<void>;
}

export function auditReads(ports: ControlPlanePorts): AuditReads {
  const strangers = createStrangerQuota(ports.clock);

  const append = onRecord(ports);
  const once = oncePerSignIn(append, ports.clock);

  return {
    read: (actor, subject) => append(entryOf("audit.read", actor, subject)),
    readOnce: (actor, subject) => once(actor, entryOf("audit.read", actor, subject)),
    exported: (actor, subject) => once(actor, entryOf("audit.export", actor, subject)),
    denied: async (actor, subject, refusal, kind = "audit.read_denied") => {
      if (actor === undefined && !strangers.take()) return;
      const detail = {
        ...subject,
        ...nameOf(actor),
        code: refusal.code,
        othersUnlisted: strangers.unlisted(),
      };
      await append({ kind, detail });
    },
  };
}

function entryOf(kind: "audit.read" | "audit.export", actor: Actor, subject: AuditSubject): NewEntry {
  return { kind, detail: { ...subject, ...nameOf(actor) } };
}

/** Appends once for each sign-in that is still fresh and what it asks for; whoever asks meanwhile waits for the same entry, and fails with it. */
function oncePerSignIn(append: (entry: NewEntry) => Promise<void>, clock: Clock) {
  const done = new Map<string, { readonly until: number; readonly act: Promise<void> }>();
  return (actor: Actor, entry: NewEntry): Promise<void> => {
    const now = clock.now().getTime();
    for (const [key, { until }] of done) if (until <= now) done.delete(key);
    const key = JSON.stringify([actor.principal.id, actor.signedInAt?.getTime() ?? now, entry]);
    const known = done.get(key);
    if (known !== undefined) return known.act;
    const started = { until: now + limits.approverSignInAgeMsMax, act: append(entry) };
    done.set(key, started);
    started.act.catch(() => done.delete(key));
    return started.act;
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
