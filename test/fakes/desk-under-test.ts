import {
  type ApprovalFact,
  type ApprovalRequest,
  type ApprovalStore,
  fingerprint,
  type HeldBytes,
  type NewApprovalRequest,
  type OpenApprovalDesk,
  openApprovalDesk,
  type Sealer,
  type VoteOutcome,
} from "#approvals";
import type { Principal } from "#identity";
import type { ApprovalRequirement } from "#policy";
import { type ManualClock, manualClock } from "./manual-clock.ts";
import { manualTimer } from "./manual-timer.ts";
import { memoryApprovalStore } from "./memory-approval-store.ts";

export function person(name: string, groups: readonly string[], more: Partial<Principal> = {}): Principal {
  const email = `${name}@example.com`;
  return { id: `id-${name}`, issuer: "https://idp.example.com", subject: name, email, groups, ...more };
}

export const developer = person("developer", ["engineering"]);
export const approver = person("approver", ["sre"]);

export function requirement(change: Partial<ApprovalRequirement> = {}): ApprovalRequirement {
  return {
    policy: "main",
    rule: "destroy",
    groups: ["sre"],
    approvals: 1,
    each: 0,
    decideWithinMs: 30 * 60_000,
    executeWithinMs: 10 * 60_000,
    ...change,
  };
}

export const minute = 60_000;

const held: HeldBytes = {
  method: "DELETE",
  host: "storage.googleapis.com",
  target: "/storage/v1/b/precious",
  headers: [["content-type", "application/json"]],
  body: new TextEncoder().encode('{"really":true}'),
};

/** A call that needs approval, with the fingerprint that belongs to it. */
export function call(change: Partial<NewApprovalRequest> = {}): NewApprovalRequest {
  const request = {
    matchKey: "delete precious",
    exchangeId: "exc_1",
    sessionId: "ses_1",
    requester: developer,
    agent: "cursor",
    connection: "prod",
    connectionVersion: "c1",
    operationId: "storage.buckets.delete",
    operationClass: "destructive",
    resourceName: "b/precious",
    preview: "DELETE https://storage.googleapis.com/storage/v1/b/precious",
    requirements: [requirement()],
    policyVersion: "v1",
    held,
    ...change,
  };
  const { host, method, target, body } = request.held;
  const { agent, sessionId, connection, connectionVersion, policyVersion } = request;
  const principalId = request.requester.id;
  return {
    fingerprint: fingerprint({
      principalId,
      agent,
      sessionId,
      connection,
      connectionVersion,
      host,
      method,
      target,
      body,
      policyVersion,
    }),
    ...request,
    ...change,
  };
}

/** Hides nothing, but notices like the real one when bytes or their owner were exchanged. */
export const plainSealer: Sealer = {
  seal: (plain, associatedData) =>
    Buffer.concat([Buffer.from([associatedData.length]), associatedData, plain]),
  open: (sealed, associatedData) => {
    const bytes = Buffer.from(sealed);
    const end = 1 + (bytes[0] ?? 0);
    if (!bytes.subarray(1, end).equals(Buffer.from(associatedData)))
      throw new Error("sealed for somebody else");
    return bytes.subarray(end);
  },
};

export interface DeskUnderTest {
  readonly desk: OpenApprovalDesk;
  readonly store: ApprovalStore;
  readonly clock: ManualClock;
  /** Facts that reached the log, e.g. `approval.decided apr_… approved`. */
  readonly facts: ApprovalFact[];
  readonly failures: unknown[];
  /** Makes the log refuse what it is given, or accept again. */
  breakLog(isBroken: boolean): void;
  /** The session was stopped by somebody. */
  stopSession(id: string): void;
  /** From now on the connection `prod` is this, or there is none. */
  redefine(version: string | undefined): void;
  /** Lets time pass, and everything that was waiting for it happen. */
  pass(ms: number): Promise<void>;
  /** The same store and clock under a new process; the old desk is dropped as by a crash. */
  restart(): Promise<DeskUnderTest>;
}

export async function deskUnderTest(
  store: ApprovalStore = memoryApprovalStore(),
  clock: ManualClock = manualClock(),
  connection: string | undefined = "c1",
): Promise<DeskUnderTest> {
  const facts: ApprovalFact[] = [];
  const failures: unknown[] = [];
  const timer = manualTimer();
  const stopped = new Set<string>();
  let isBroken = false;
  let version: string | undefined = connection;
  const desk = await openApprovalDesk({
    store,
    clock,
    timer,
    sealer: plainSealer,
    wasStopped: async (sessionId) => stopped.has(sessionId),
    connectionVersion: () => version,
    onFailure: (error) => failures.push(error),
    onFact: async (fact) => {
      if (isBroken) throw new Error("the log is full");
      facts.push(fact);
    },
  });
  return {
    desk,
    store,
    clock,
    facts,
    failures,
    breakLog: (broken) => {
      isBroken = broken;
    },
    stopSession: (id) => void stopped.add(id),
    redefine: (next) => {
      version = next;
    },
    pass: async (ms) => {
      clock.pass(ms);
      timer.pass(ms);
      await quiet();
    },
    restart: () => deskUnderTest(store, clock, version),
  };
}

/** Until every promise that could go on has gone on; nothing here takes real time. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Puts a call to the desk; fails when it is full. */
export async function asked(
  { desk }: DeskUnderTest,
  change?: Partial<NewApprovalRequest>,
): Promise<ApprovalRequest> {
  const answer = await desk.request(call(change));
  if (answer.kind !== "held") throw new Error(answer.kind);
  return answer.request;
}

export interface Voting {
  readonly by?: Principal;
  readonly verdict?: "approve" | "deny";
  readonly reason?: string;
  readonly signedInAgoMs?: number;
}

export function vote(on: DeskUnderTest, id: string, how: Voting = {}): Promise<VoteOutcome> {
  const { by = approver, verdict = "approve", reason, signedInAgoMs = 0 } = how;
  const signedInAt = new Date(on.clock.now().getTime() - signedInAgoMs);
  return on.desk.vote(id, { approver: by, verdict, reason }, signedInAt);
}

export const codeOf = (outcome: VoteOutcome): string =>
  outcome.kind === "refused" ? outcome.code : outcome.kind;
export const stateOf = async (on: DeskUnderTest, id: string) => (await on.desk.find(id))?.state;
export const story = ({ facts }: DeskUnderTest) =>
  facts.map(({ kind, request }) => `${kind} ${request.state}`);
