import type { ExchangeDetail, ExchangeSummary, ServerInfo, SinkState } from "#api";
import type { ApprovalDesk } from "#approvals";
import type { AuditLog, EntryReader, PublishedLog } from "#audit";
import type { Catalogue } from "#catalogue";
import type { Custody } from "#custody";
import type { Identity } from "#identity";
import type { Clock } from "#lib/clock";
import type { ServedCertificate } from "#lib/served-certificate";
import type { Logger } from "#telemetry";

/** What an auditor reads. Asked only after the read is on record. */
export interface ExchangeReader {
  /**
   * The newest, or the newest of those older than the exchange `before`, in order of time. `next`: what `before` has to be
   * for the ones older than these, where there are any.
   */
  exchangesOf(
    sessionId: string,
    before?: string,
  ): Promise<{ readonly exchanges: ExchangeSummary[]; readonly next: string | undefined }>;
  /** One of them with what was recorded of it; `undefined` when there is none of this id in this session. */
  exchange(sessionId: string, exchangeId: string): Promise<ExchangeDetail | undefined>;
}

/** One thing Gatehouse cannot work without, and whether it works. */
export interface Readiness {
  readonly name: string;
  readonly isReady: boolean;
  /** What an operator should look at, though everything goes on. */
  readonly detail?: string;
}

/** Who else is told of what is published, and how far they are. */
export interface SinkDesk {
  status(): readonly SinkState[];
  /** `record` puts it on record before it happens. `undefined` for an unknown sink, or an entry that is not published. */
  move(
    name: string,
    to: number,
    record: (from: number) => Promise<void>,
  ): Promise<{ readonly from: number; readonly to: number } | undefined>;
}

/** All the control plane needs from its neighbours; `main.ts` fills it. */
export interface ControlPlanePorts {
  /** Where people and helpers reach it, without a slash at the end. */
  readonly url: string;
  /** Without a certificate loopback only: TLS, where `url` has it, then ends in front of us. */
  readonly listen: {
    readonly host: string;
    readonly port: number;
    readonly tls?: ServedCertificate | undefined;
  };
  readonly serverInfo: ServerInfo;
  readonly identity: Pick<
    Identity,
    | "tokenEndpoint"
    | "actors"
    | "sessions"
    | "browserSignIn"
    | "deviceSignIns"
    | "logins"
    | "signOuts"
    | "mayUseAgents"
  >;
  readonly approvals: Pick<ApprovalDesk, "find" | "list" | "vote" | "wait">;
  readonly catalogue: Pick<Catalogue, "operation">;
  readonly auditLog: AuditLog;
  readonly exchanges: ExchangeReader;
  /** Whether people who are no auditors may look at their own sessions. */
  readonly ownSessions: boolean;
  readonly entries: EntryReader;
  readonly custody: Omit<Custody, "close">;
  /** The log as it is published; its checkpoint is anybody's, the rest is for auditors. */
  readonly publishedLog: PublishedLog;
  readonly sinks: SinkDesk;
  readonly readiness: () => Promise<readonly Readiness[]>;
  readonly clock: Clock;
  readonly log: Logger;
}
