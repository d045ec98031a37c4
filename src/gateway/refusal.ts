import type { ApprovalRequest } from "#approvals";
import type { refusalCodes } from "#lib/entry-words";
import type { ClearedRequest, ReceivedRequest, RecordedRequest } from "./exchange.ts";

/** Why an exchange does not go through. Stable: agents, dashboards and the log rely on these names. */
export type RefusalCode = (typeof refusalCodes)[number];

/** Whatever had been found out about the request when it was refused. */
export type KnownRequest = ReceivedRequest & Partial<Omit<RecordedRequest, keyof ReceivedRequest>>;

export interface Refusal {
  readonly kind: "refusal";
  readonly code: RefusalCode;
  readonly request: KnownRequest;
  /** For our record; may name checks that the agent is not told about. */
  readonly detail: string;
  /** Words for the agent beside the table's own; safe to show. */
  readonly say?: string;
  readonly approval?: ApprovalRequest;
  /** Google's status, when it had answered already and its answer is withheld. */
  readonly upstreamStatus?: number;
}

export function refusal(
  code: RefusalCode,
  request: KnownRequest,
  detail: string,
  more: Pick<Refusal, "say" | "approval" | "upstreamStatus"> = {},
): Refusal {
  return { kind: "refusal", code, request, detail, ...more };
}

export function isRefusal(value: object): value is Refusal {
  return "kind" in value && value.kind === "refusal";
}

/** Whether the request was forwarded, so that something may have happened in Google Cloud. */
export function wasForwarded({ code, request }: Refusal): boolean {
  const isBefore: boolean = code === "not_recordable" || code === "credential_unavailable";
  return request.intent !== undefined && !isBefore;
}

export type ClearedOrRefused = ClearedRequest | Refusal;
