import { type DataKeys, type NewEntry, type OpenAuditLog, openAuditLog } from "#audit";
import { type Custody, type CustodyStore, type Keep, openCustody } from "#custody";
import type { Principal, SessionStore } from "#identity";
import { auditStore, custodyStore, type Database, sessionStore } from "../../src/storage/stores/index.ts";
import { keysOf } from "./key-provider.ts";
import { newLogSigner } from "./log-signer.ts";
import { type ManualClock, manualClock } from "./manual-clock.ts";
import { type ManualTimer, manualTimer } from "./manual-timer.ts";

export interface CustodyUnderTest {
  readonly custody: Custody;
  readonly store: CustodyStore;
  readonly sessions: SessionStore;
  readonly log: OpenAuditLog;
  readonly keys: DataKeys;
  readonly clock: ManualClock;
  readonly timer: ManualTimer;
  readonly running: Set<string>;
  readonly failures: unknown[];
  readonly verifierKey: string;
  /** A session that was opened, made one call, and ended now. */
  session(id: string, changes?: Partial<NewEntry>): Promise<void>;
}

export function person(name: string, email: string | undefined = `${name}@example.com`): Principal {
  const issuer = "https://login.example.com";
  return { id: `id-of-${name}`, issuer, subject: name, email, groups: ["audit"] };
}

/** Custody over the real log on a real database. */
export async function custodyUnderTest(database: Database, keep?: Keep): Promise<CustodyUnderTest> {
  const clock = manualClock();
  const timer = manualTimer();
  const signer = newLogSigner();
  const audit = auditStore(database);
  const keys = keysOf(audit);
  const failures: unknown[] = [];
  const onFailure = (error: unknown): void => void failures.push(error);
  const log = await openAuditLog({ store: audit, keys, signer, clock, timer, onFailed: onFailure });
  const store = custodyStore(database);
  const sessions = sessionStore(database);
  const running = new Set<string>();
  const isRunning = async (id: string): Promise<boolean> => running.has(id);
  const custody = await openCustody({ store, audit: log, keys, isRunning, keep, clock, timer, onFailure });
  return {
    ...{ custody, store, sessions, log, keys, clock, timer, running, failures },
    verifierKey: signer.verifierKey,
    session: async (id, changes = {}) => {
      const startedAt = clock.now();
      const principal = person("developer", "developer@example.com");
      const rest = { agent: "cursor", connection: undefined, stoppedAt: undefined };
      await sessions.insert({ id, principal, startedAt, endsAt: startedAt, ...rest });
      await log.append({
        kind: "exchange.outcome",
        sessionId: id,
        exchangeId: `exc_${id}`,
        operation: "storage.objects.get",
        class: "read",
        detail: { resource: `b/${id}` },
        attachments: [{ role: "answer", bytes: Buffer.from(`answer of ${id}`), isTruncated: false }],
        ...changes,
      });
    },
  };
}
