import type { ApprovalFact } from "#approvals";
import type { NewEntry } from "#audit";
import type { SourceDocument } from "#config";
import type { ConnectionChange } from "#connections";
import type { Principal, SessionFact } from "#identity";
import { GatehouseError } from "#lib/errors";

// What modules tell of themselves, as entries of the audit log. Names of people go into `detail`, never into the entry.

export function sessionEntry(fact: SessionFact): NewEntry {
  switch (fact.kind) {
    case "session.opened": {
      const { id, principal, agent, connection, endsAt } = fact.session;
      const { workload } = fact;
      return {
        kind: fact.kind,
        sessionId: id,
        detail: {
          principal: principal.email ?? principal.subject,
          issuer: principal.issuer,
          agent,
          connection: connection ?? null,
          endsAt: endsAt.toISOString(),
          ...(workload === undefined ? {} : { machine: workload.machine, workload: workload.displayName }),
        },
      };
    }
    case "session.ended":
      return { kind: fact.kind, sessionId: fact.sessionId };
    case "session.stopped":
      return {
        kind: fact.kind,
        sessionId: fact.sessionId,
        detail:
          fact.cause.kind === "person"
            ? { cause: "person", by: fact.cause.principal.email ?? fact.cause.principal.subject }
            : { cause: fact.cause.kind },
      };
  }
}

export function connectionEntry(change: ConnectionChange): NewEntry {
  return {
    kind: "connection.change",
    detail: {
      connection: change.connection,
      oldKeyId: change.oldKeyId ?? null,
      newKeyId: change.newKeyId ?? null,
      problem: change.problem ?? null,
    },
  };
}

/** `kind` of documents: a new set came into force, or was refused and the old one stays. */
export function documentsEntry(
  kind: "policy.change" | "masking.change",
  version: string,
  documents: readonly SourceDocument[],
): NewEntry {
  return { kind, policyVersion: version, detail: { files: documents.map(({ file }) => file) } };
}

export function refusedDocumentsEntry(name: string, problems: readonly string[]): NewEntry {
  return { kind: "policy.refused", detail: { documents: name, problems: problems.slice(0, 20) } };
}

/** Who asked and who voted are people: in the detail. What was decided, about which operation, is in the entry. */
function approvalEntry(fact: ApprovalFact): NewEntry {
  const { request } = fact;
  return {
    kind: fact.kind,
    approvalId: request.id,
    sessionId: request.sessionId,
    operation: request.operationId,
    class: request.operationClass,
    decision: fact.kind === "approval.vote" ? fact.vote.verdict : request.state,
    policyVersion: request.policyVersion,
    detail: {
      ...(fact.kind === "approval.vote" ? { principal: nameOf(fact.vote.approver) } : {}),
      resource: request.resourceName,
      requester: nameOf(request.requester),
      fingerprint: request.fingerprint,
      exchange: request.exchangeId,
      ...(request.withdrawnBecause === undefined ? {} : { because: request.withdrawnBecause }),
      votes: request.votes.map(({ approver, verdict, reason, at }) => ({
        approver: nameOf(approver),
        verdict,
        reason: reason ?? null,
        at: at.toISOString(),
      })),
    },
  };
}

/**
 * Puts it on record. A session can be erased while something it asked for still waits to end: then the entry says what became
 * of it and names nobody, or the desk would try for ever and the server not start again.
 */
export async function recordApproval(
  fact: ApprovalFact,
  append: (entry: NewEntry) => Promise<unknown>,
): Promise<void> {
  const entry = approvalEntry(fact);
  const { detail: _, ...nameless } = entry;
  try {
    await append(entry);
  } catch (error) {
    if (!(error instanceof GatehouseError) || error.code !== "audit_key_erased") throw error;
    await append(nameless);
  }
}

function nameOf({ email, subject }: Principal): string {
  return email ?? subject;
}
