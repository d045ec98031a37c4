import type { Dispatcher } from "undici";
import type { ApprovalDesk } from "#approvals";
import type { AuditLog } from "#audit";
import type { Catalogue } from "#catalogue";
import type { Connection, ConnectionRegistry } from "#connections";
import type { Authenticator } from "#identity";
import type { CertificateAuthority } from "#keys";
import type { Clock } from "#lib/clock";
import type { MaskingPlan, MaskingSubject } from "#masking";
import type { Decision, PolicyInput } from "#policy";
import type { Logger } from "#telemetry";
import type { DecidedRequest } from "./exchange.ts";

/** How an approval knows its request: exactly (`fingerprint`), and when the same call is sent again (`matchKey`). */
export interface ApprovalKeys {
  fingerprint(request: DecidedRequest, body: Uint8Array): string;
  matchKey(request: DecidedRequest, body: Uint8Array): string;
}

/** All the data plane needs from its neighbours; `main.ts` fills it. */
export interface DataPlanePorts {
  readonly catalogue: Pick<Catalogue, "understand" | "knowsHost" | "operation" | "readsBody" | "judgeBody">;
  readonly authenticator: Authenticator;
  readonly connections: ConnectionRegistry;
  /** The policies in force now. */
  readonly decide: (input: PolicyInput) => Decision;
  readonly approvals: Pick<ApprovalDesk, "request" | "wait" | "claim" | "settle">;
  readonly approvalKeys: ApprovalKeys;
  /** Where a person reviews an approval request. */
  readonly approvalUrl: (approvalId: string) => string;
  readonly masking: {
    /** By the masking rules in force now. */
    plan(subject: MaskingSubject): MaskingPlan;
    placeholder(sessionId: string, resource: string): (path: string) => string;
  };
  readonly audit: AuditLog;
  readonly authority: CertificateAuthority;
  /** A dispatcher of its own for each connection: two upstream identities never share a socket. */
  readonly upstream: (connection: Connection) => Dispatcher;
  readonly clock: Clock;
  readonly log: Logger;
}
