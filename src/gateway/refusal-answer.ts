import type { ApprovalRequest } from "#approvals";
import type { Receipt } from "#audit";
import type { Answer } from "./exchange.ts";
import { type Refusal, wasForwarded } from "./refusal.ts";
import { type RefusalRow, refusalTable } from "./refusal-table.ts";

const domain = "gatehouse";

/**
 * The refusal as Google's clients expect it: google.rpc.Status in JSON, with ErrorInfo, LocalizedMessage and Help.
 * Many clients show nothing but the message, so it carries the id, the reason and the next step.
 */
export function refusalAnswer(
  refusal: Refusal,
  facts: { readonly receipt: Receipt | undefined; readonly approvalUrl: (id: string) => string },
): Answer {
  const row = refusalTable[refusal.code];
  const { approval } = refusal;
  const url = approval === undefined ? undefined : facts.approvalUrl(approval.id);
  const message = messageOf(refusal, row, url);
  const [firstLine = ""] = message.split("\n");
  const body = {
    error: {
      code: row.http,
      status: row.status,
      message,
      errors: [{ message: firstLine, domain, reason: camelCase(row.reason) }],
      details: [
        {
          "@type": "type.googleapis.com/google.rpc.ErrorInfo",
          reason: row.reason,
          domain,
          metadata: metadataOf(refusal, url),
        },
        {
          "@type": "type.googleapis.com/google.rpc.LocalizedMessage",
          locale: "en-US",
          message: approval === undefined ? firstLine : waitingFor(refusal, approval, row),
        },
        ...helpOf(url),
        ...retryOf(refusal),
      ],
    },
  };
  const bytes = Buffer.from(JSON.stringify(body));
  return {
    status: row.http,
    headers: [
      ["content-type", "application/json; charset=UTF-8"],
      ["cache-control", "no-store"],
      // RFC 9110 section 15.5.2.
      ...(row.http === 401 ? [["www-authenticate", `Bearer realm="${domain}"`] as const] : []),
      ...receiptHeader(facts.receipt),
    ],
    body: bytes,
  };
}

/** Where the exchange stands in the log, for whoever wants to check it later. */
export function receiptHeader(receipt: Receipt | undefined): (readonly [string, string])[] {
  if (receipt === undefined) return [];
  const leaf = Buffer.from(receipt.leafHash).toString("base64");
  return [["x-audit-record", `${receipt.origin}/${receipt.index}; leaf=${leaf}`]];
}

function messageOf(refusal: Refusal, row: RefusalRow, url: string | undefined): string {
  if (refusal.code === "approval_pending" && refusal.approval !== undefined && url !== undefined) {
    return pendingMessage(refusal.approval, url);
  }
  const { exchangeId } = refusal.request;
  const id = refusal.approval === undefined ? exchangeId : `${refusal.approval.id}, ${exchangeId}`;
  const state = wasForwarded(refusal) ? "NO ANSWER" : "NOT EXECUTED";
  const effect = wasForwarded(refusal)
    ? "The call may or may not have taken effect in Google Cloud."
    : "Nothing has changed in Google Cloud.";
  return [
    `${state} - ${row.why} (${id}). ${refusal.code === "answer_withheld" ? "" : effect}`.trimEnd(),
    ...actionOf(refusal),
    ...(refusal.say === undefined ? [] : [`Reason: ${refusal.say}`]),
    `Next step: ${row.next}`,
  ].join("\n");
}

function actionOf({ request }: Refusal): string[] {
  if (request.call === undefined) return [];
  return [`Action: ${request.call.operation.id} ${request.call.resource.name}`.trimEnd()];
}

function pendingMessage(approval: ApprovalRequest, url: string): string {
  const expires = `${approval.decideBy.toISOString().slice(11, 16)} UTC`;
  return [
    `NOT EXECUTED - waiting for human approval (${approval.id}). Nothing has changed in Google Cloud. Review: ${url} (expires ${expires})`,
    `Action: ${approval.operationId} ${approval.resourceName}`.trimEnd(),
    `Next step: run \`gatehouse wait ${approval.id}\` once; it blocks until a decision. Exit 0 = approved: re-run the SAME command unchanged. 3 = denied, 4 = expired, 75 = still waiting.`,
    "If still waiting: stop and tell the user the id. You cannot approve this yourself. Any other tool, credential or API for this action gets the same answer. Unrelated work may continue.",
  ].join("\n");
}

function waitingFor(refusal: Refusal, approval: ApprovalRequest, row: RefusalRow): string {
  if (refusal.code !== "approval_pending") return row.why;
  const groups = new Set(approval.requirements.flatMap((requirement) => requirement.groups));
  return groups.size === 0 ? "Waiting for approval" : `Waiting for approval by ${[...groups].join(", ")}`;
}

/** All values are strings: google.rpc.ErrorInfo.metadata is a map of strings. */
function metadataOf(refusal: Refusal, url: string | undefined): Record<string, string> {
  const { request, approval, code } = refusal;
  return {
    exchange_id: request.exchangeId,
    executed: wasForwarded(refusal) ? "unknown" : "false",
    ...(request.call === undefined ? {} : { operation: request.call.operation.id }),
    ...(approval === undefined || url === undefined ? {} : { approval_id: approval.id, approval_url: url }),
    ...(code === "approval_pending" ? { retry: "same_request_after_approval" } : {}),
  };
}

function helpOf(url: string | undefined): object[] {
  if (url === undefined) return [];
  const links = [{ description: "Review this request", url }];
  return [{ "@type": "type.googleapis.com/google.rpc.Help", links }];
}

/** In the body only: a Retry-After header makes gcloud send the call five times. */
function retryOf({ code }: Refusal): object[] {
  if (code !== "approval_pending") return [];
  return [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "15s" }];
}

function camelCase(reason: string): string {
  return reason.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
