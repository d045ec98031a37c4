import type { EntryKind } from "#audit";
import type { riskClasses } from "#lib/entry-words";

/** How grave an entry is, from the least to the most. */
const severities = ["informational", "low", "medium", "high", "critical"] as const;
export type Severity = (typeof severities)[number];

/** What an entry of some kind is to those who do not know Gatehouse; docs/exports.md shows all of it. */
export interface KindMeaning {
  /** A call of an API, or one that reads; somebody coming or going; rules put in force; the life of the server and its log. */
  readonly event: "call" | "read" | "logon" | "logoff" | "rules" | "start" | "stop" | "opening";
  /** `done` unless the upstream's status says otherwise; an intent is `open`. */
  readonly outcome: "done" | "failed" | "unknown" | "open";
  /** At least; the risk class may make it graver. */
  readonly severity: Severity;
}

/** Every kind there is: one that is added to the list of kinds does not compile until it says here what it means. */
const meanings: Readonly<Record<EntryKind, KindMeaning>> = {
  "log.open": means("opening"),
  "exchange.intent": means("call", "open"),
  "exchange.outcome": means("call"),
  "exchange.aborted": means("call", "failed"),
  "exchange.refused": means("call", "failed"),
  "outcome.unknown": means("call", "unknown"),
  "approval.requested": means("call"),
  "approval.vote": means("call"),
  "approval.decided": means("call"),
  "approval.expired": means("call"),
  "session.opened": means("logon"),
  "session.ended": means("logoff"),
  "session.stopped": means("logoff"),
  "auth.refused": means("logon", "failed"),
  "auth.signed_in": means("logon"),
  "auth.signed_out": means("logoff"),
  "policy.change": means("rules"),
  "policy.refused": means("rules", "failed", "medium"),
  "masking.change": means("rules"),
  "connection.change": means("rules"),
  "config.change": means("rules"),
  "config.refused": means("rules", "failed", "medium"),
  "audit.read": means("read"),
  "audit.read_denied": means("read", "failed", "medium"),
  "audit.export": means("read"),
  "sink.moved": means("call"),
  "audit.act_denied": means("call", "failed", "medium"),
  "hold.set": means("call"),
  "hold.release_requested": means("call"),
  "hold.release": means("call"),
  "erase.requested": means("call"),
  "key.shred": means("call"),
  "server.start": means("start"),
  "server.stop": means("stop"),
  // A witness's word that the log was forked, cut or rolled back, and the proof of it in our own copy.
  "witness.refused": means("call", "failed", "high"),
  "archive.contradicted": means("call", "failed", "critical"),
};

const byKind: ReadonlyMap<string, KindMeaning> = new Map(Object.entries(meanings));
const ofLaterVersions = means("call", "unknown", "medium");

/** A kind that a later version adds is neither a success nor harmless: nobody here knows what it says. */
export function meaningOf(kind: string): KindMeaning {
  return byKind.get(kind) ?? ofLaterVersions;
}

const byClass: ReadonlyMap<string, Severity> = new Map(
  Object.entries({
    read: "informational",
    write: "informational",
    secret_read: "low",
    destructive: "medium",
    privileged: "medium",
    unknown: "medium",
  } satisfies Record<(typeof riskClasses)[number], Severity>),
);

/** That of its kind, or of its risk class where that is graver; a class of a later version counts as unknown. */
export function severityOf(entry: { readonly kind: string; readonly class?: string | undefined }): Severity {
  const ofKind = meaningOf(entry.kind).severity;
  const ofClass = entry.class === undefined ? "informational" : (byClass.get(entry.class) ?? "medium");
  return severities.indexOf(ofClass) > severities.indexOf(ofKind) ? ofClass : ofKind;
}

function means(
  event: KindMeaning["event"],
  outcome: KindMeaning["outcome"] = "done",
  severity: Severity = "informational",
): KindMeaning {
  return { event, outcome, severity };
}
