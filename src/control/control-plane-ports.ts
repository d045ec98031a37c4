import type { ServerInfo, SessionDetail } from "#api";
import type { ApprovalDesk } from "#approvals";
import type { AuditLog, EntryReader, PublishedLog } from "#audit";
import type { Catalogue } from "#catalogue";
import type { Identity } from "#identity";
import type { Clock } from "#lib/clock";
import type { Logger } from "#telemetry";

/** What an auditor reads. Asked only after the read is on record. */
export interface ExchangeReader {
  /** In order of time, each with what was recorded of it. */
  exchangesOf(sessionId: string): Promise<SessionDetail["exchanges"]>;
}

/** One thing Gatehouse cannot work without, and whether it works. */
export interface Readiness {
  readonly name: string;
  readonly isReady: boolean;
}

/** All the control plane needs from its neighbours; `main.ts` fills it. */
export interface ControlPlanePorts {
  /** Where people and helpers reach it, without a slash at the end. */
  readonly url: string;
  /** Loopback only: TLS, where `url` has it, ends in front of us. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly serverInfo: ServerInfo;
  readonly identity: Pick<
    Identity,
    "tokenEndpoint" | "actors" | "sessions" | "browserSignIn" | "deviceSignIns" | "logins" | "mayUseAgents"
  >;
  readonly approvals: Pick<ApprovalDesk, "find" | "list" | "vote" | "wait">;
  readonly catalogue: Pick<Catalogue, "operation">;
  readonly auditLog: AuditLog;
  readonly exchanges: ExchangeReader;
  /** Whether people who are no auditors may look at their own sessions. */
  readonly ownSessions: boolean;
  readonly entries: EntryReader;
  /** The log as it is published; its checkpoint is anybody's, the rest is for auditors. */
  readonly publishedLog: PublishedLog;
  readonly readiness: () => Promise<readonly Readiness[]>;
  readonly clock: Clock;
  readonly log: Logger;
}
