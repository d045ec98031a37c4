import type { Clock } from "#lib/clock";
import { assert, GatehouseError } from "#lib/errors";
import { newId } from "#lib/ids";
import { limits } from "#lib/limits";
import type { Timer } from "#lib/timer";
import type { ApprovalDesk, Claim, NewApprovalRequest, VoteOutcome, VoteRefusal } from "./approval-desk.ts";
import { type ApprovalFact, factFor } from "./approval-fact.ts";
import { fingerprint } from "./approval-keys.ts";
import type { ApprovalRequest, HeldBytes, Vote } from "./approval-request.ts";
import type { ApprovalCaps, ApprovalFilter, ApprovalStore } from "./approval-store.ts";
import { openHeld, type Sealer, sealHeld } from "./held-bytes.ts";
import { isAllAsked, isSatisfied, voteRefusal } from "./quorum.ts";
import { cleanReason } from "./reason.ts";
import { Turns } from "./turns.ts";
import { WaitingRoom, type WaitOptions } from "./waiting-room.ts";
import type { Withdrawal } from "./withdrawal.ts";

/** What the desk needs from the outside; `main.ts` fills it. */
export interface ApprovalDeskPorts {
  readonly store: ApprovalStore;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly timer: Timer;
  /** Whether somebody stopped this session, rather than it having reached its end. */
  readonly wasStopped: (sessionId: string) => Promise<boolean>;
  /** What the connection of this name is now. */
  readonly connectionVersion: (name: string) => string | undefined;
  /** Puts a fact on record; resolves when it is durable. Nothing is executed whose decision it rejected. */
  readonly onFact: (fact: ApprovalFact) => Promise<void>;
  /** Something failed in the background; it will be tried again. */
  readonly onFailure: (error: unknown) => void;
}

export interface OpenApprovalDesk extends ApprovalDesk {
  /** Stops the clock, lets every waiting call go with the state as it is, and waits for what is under way. */
  close(): Promise<void>;
}

/**
 * Opens the desk over what an earlier process left: executions nobody finished become `unknown`, what is overdue expires,
 * and facts that may not have reached the log are sent again. Rejects when one of them still cannot be recorded.
 */
export async function openApprovalDesk(ports: ApprovalDeskPorts): Promise<OpenApprovalDesk> {
  const desk = new Desk(ports);
  await desk.recover();
  return desk;
}

const caps: ApprovalCaps = {
  pendingPerSession: limits.pendingApprovalsPerSessionMax,
  openTotal: limits.heldRequestsTotalMax,
  sealedBytesTotal: limits.heldBytesTotalMax,
};
/** Another desk on the same store got in between; more often than this, something else is wrong. */
const attemptsMax = 5;
/** A disk or a log that failed gets a moment before it is asked again. */
const retryMs = 5_000;

/** All state is in the store; owned here are only waits, turns and the one timer for the earliest deadline. */
class Desk implements OpenApprovalDesk {
  readonly #ports: ApprovalDeskPorts;
  readonly #room: WaitingRoom;
  readonly #turns = new Turns();
  #alarm: { readonly at: Date; readonly cancel: () => void } | undefined;
  #isClosed = false;

  constructor(ports: ApprovalDeskPorts) {
    this.#ports = ports;
    this.#room = new WaitingRoom(ports.timer);
  }

  async recover(): Promise<void> {
    await this.#ports.store.abandonExecuting();
    await this.#expire();
    // What changed while nobody was here.
    await this.withdrawStale();
  }

  async request(call: NewApprovalRequest): ReturnType<ApprovalDesk["request"]> {
    requireSound(call);
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const known = await this.#attachable(call);
      if (known !== undefined) return { kind: "held", request: known };
      const opened = newRequest(call, this.#ports.clock);
      const sealed = sealHeld(call.held, opened, this.#ports.sealer);
      const outcome = await this.#ports.store.insert(opened, sealed, caps);
      if (outcome === "too_many") return { kind: "too_many" };
      if (outcome === "exists") continue;
      await this.#announce(opened);
      return { kind: "held", request: await this.#existing(opened.id) };
    }
    throw contention();
  }

  async wait(id: string, options: WaitOptions): Promise<ApprovalRequest> {
    // Entered before the state is read: a decision in between must not be slept through.
    const place = this.#room.enter(id, options);
    try {
      const request = await this.#existing(id);
      if (request.state !== "pending" || this.#isClosed) return request;
      await place.over;
      return await this.#existing(id);
    } finally {
      place.leave();
    }
  }

  async claim(id: string, wanted: string): Promise<Claim> {
    const { store, clock } = this.#ports;
    await this.#withdrawIfStale(await store.find(id));
    const sealed =
      (await store.claim(id, wanted, clock.now())) ?? (await this.#claimOnceRecorded(id, wanted));
    const request = await this.#existing(id);
    if (sealed === undefined) return { kind: "refused", state: request.state };
    return { kind: "claimed", request, held: await this.#open(sealed, request) };
  }

  async settle(id: string, outcome: "executed" | "unknown"): Promise<void> {
    if (await this.#ports.store.settle(id, outcome)) return;
    // The first word stands; but nothing may be called executed that was never claimed.
    const { state } = await this.#existing(id);
    assert(state === "executed" || state === "unknown", `approval request ${id} is ${state}, not executing`);
  }

  async vote(id: string, vote: Omit<Vote, "at">, signedInAt: Date): Promise<VoteOutcome> {
    await this.#withdrawIfStale(await this.#ports.store.find(id));
    return this.#turns.take(id, () => this.#vote(id, vote, signedInAt));
  }

  async withdrawStale(): Promise<void> {
    for (const state of ["pending", "approved"] as const) {
      const open = await this.#ports.store.list({ state }, limits.heldRequestsTotalMax);
      for (const request of open) await this.#withdrawIfStale(request);
    }
  }

  find(id: string): Promise<ApprovalRequest | undefined> {
    return this.#ports.store.find(id);
  }

  /** Nobody is asked about what nobody can approve any more. */
  async list(filter: ApprovalFilter): Promise<readonly ApprovalRequest[]> {
    const found = await this.#ports.store.list(filter, limits.listedApprovalsMax);
    let isStale = false;
    for (const request of found) isStale = (await this.#withdrawIfStale(request)) || isStale;
    return isStale ? this.#ports.store.list(filter, limits.listedApprovalsMax) : found;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#alarm?.cancel();
    this.#room.wakeAll();
    await this.#turns.settled();
  }

  async #existing(id: string): Promise<ApprovalRequest> {
    const request = await this.#ports.store.find(id);
    if (request !== undefined) return request;
    throw new GatehouseError("approval_not_found", `There is no approval request ${id}.`);
  }

  /** The request a re-sent call joins. One that was reviewed under other policies is no longer worth an answer. */
  async #attachable(call: NewApprovalRequest): Promise<ApprovalRequest | undefined> {
    const { store, clock } = this.#ports;
    const now = clock.now();
    const deniedAfter = new Date(now.getTime() - limits.denialSticksMs);
    const known = await store.findByMatchKey(call.matchKey, deniedAfter);
    if (known === undefined) return undefined;
    if (isOverdue(known, now)) {
      await this.#expire();
      return undefined;
    }
    if (await this.#withdrawIfStale(known)) return undefined;
    const because = changedBetween(known, call);
    if (because === undefined || known.state === "executing") return known;
    await this.#withdraw(known.id, because);
    return undefined;
  }

  /**
   * Whoever stops a session means what it asked for, too: its agent must not get it done in the next one. And what was
   * reviewed for one connection must not run through another that got its name. Looked up when it matters besides being
   * acted on at the change, so that a crash in between makes no difference.
   */
  async #withdrawIfStale(request: ApprovalRequest | undefined): Promise<boolean> {
    if (request?.state !== "pending" && request?.state !== "approved") return false;
    const because = await this.#staleness(request);
    if (because === undefined) return false;
    await this.#withdraw(request.id, because);
    return true;
  }

  async #staleness(request: ApprovalRequest): Promise<Withdrawal | undefined> {
    const { wasStopped, connectionVersion } = this.#ports;
    if (await wasStopped(request.sessionId)) return "session_stopped";
    return connectionVersion(request.connection) === request.connectionVersion
      ? undefined
      : "connection_changed";
  }

  async #withdraw(id: string, because: Withdrawal): Promise<void> {
    if (!(await this.#ports.store.cancel(id, because))) return;
    this.#room.wake(id);
    await this.#recorded(id);
  }

  async #announce(request: ApprovalRequest): Promise<void> {
    try {
      await this.#recorded(request.id);
    } catch (error) {
      // People must not be asked about a call whose question is not on record; the call itself is refused.
      await this.#ports.store.cancel(request.id, "not_recorded");
      throw error;
    }
    this.#setAlarm(request.decideBy);
  }

  /** An approval whose fact failed to reach the log gets one more chance; without it there is no execution. */
  async #claimOnceRecorded(id: string, wanted: string): Promise<Uint8Array | undefined> {
    const { store, clock } = this.#ports;
    const request = await store.find(id);
    if (request?.state !== "approved" || request.isRecorded) return undefined;
    await this.#recorded(id);
    return store.claim(id, wanted, clock.now());
  }

  async #open(sealed: Uint8Array, request: ApprovalRequest): Promise<HeldBytes> {
    try {
      const held = openHeld(sealed, request, this.#ports.sealer);
      requireFingerprint(request, held);
      return held;
    } catch (error) {
      // Nothing was forwarded, and nothing ever will be: the bytes are not those that were reviewed.
      await this.#ports.store.settle(request.id, "lapsed");
      throw error;
    }
  }

  async #vote(
    id: string,
    { approver, verdict, reason }: Omit<Vote, "at">,
    signedInAt: Date,
  ): Promise<VoteOutcome> {
    const { store, clock, onFact } = this.#ports;
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const now = clock.now();
      const request = await store.find(id);
      const refusal =
        request === undefined ? "not_found" : voteRefusal(request, approver, { now, signedInAt });
      if (request === undefined || refusal !== undefined) return refused(refusal ?? "not_found");
      const vote: Vote = { approver, verdict, reason: cleanReason(reason), at: now };
      const step = stepAfter(request, vote);
      if (!(await store.addVote(id, vote, step))) continue;
      try {
        await onFact({ kind: "approval.vote", request: await this.#existing(id), vote });
        if (step.state !== "pending") await this.#record(id);
      } finally {
        if (step.state !== "pending") this.#room.wake(id);
        if (step.executeBy !== undefined) this.#setAlarm(step.executeBy);
      }
      return { kind: "counted", request: await this.#existing(id) };
    }
    throw contention();
  }

  #recorded(id: string): Promise<void> {
    return this.#turns.take(id, () => this.#record(id));
  }

  /** State first, then the fact, then the mark: a crash in between repeats the fact, and never loses it. */
  async #record(id: string): Promise<void> {
    const request = await this.#existing(id);
    if (request.isRecorded) return;
    await this.#ports.onFact(factFor(request));
    await this.#ports.store.markRecorded(id, request.state);
  }

  async #expire(): Promise<void> {
    const { store, clock } = this.#ports;
    for (const id of await store.expireOverdue(clock.now())) this.#room.wake(id);
    for (const { id } of await store.unrecorded()) await this.#recorded(id);
    const next = await store.nextDeadline();
    if (next !== undefined) this.#setAlarm(next);
  }

  #setAlarm(at: Date): void {
    if (this.#isClosed || (this.#alarm !== undefined && this.#alarm.at <= at)) return;
    this.#alarm?.cancel();
    const delayMs = Math.max(0, at.getTime() - this.#ports.clock.now().getTime());
    this.#alarm = { at, cancel: this.#ports.timer.after(delayMs, () => this.#ring()) };
  }

  #ring(): void {
    this.#alarm = undefined;
    this.#expire().catch((error: unknown) => {
      this.#ports.onFailure(error);
      this.#setAlarm(new Date(this.#ports.clock.now().getTime() + retryMs));
    });
  }
}

function requireSound(call: NewApprovalRequest): void {
  assert(call.requirements.length > 0, "an approval request says who has to approve");
  assert(call.held.body.length <= limits.heldBodyBytesMax, "a held body fits the limit");
  requireFingerprint(call, call.held);
}

/** Before the store sees it, and again when it comes back: the bytes to be run are those the fingerprint speaks of. */
function requireFingerprint(request: Omit<NewApprovalRequest, "held">, held: HeldBytes): void {
  const actual = fingerprint({
    principalId: request.requester.id,
    agent: request.agent,
    sessionId: request.sessionId,
    connection: request.connection,
    connectionVersion: request.connectionVersion,
    host: held.host,
    method: held.method,
    target: held.target,
    body: held.body,
    policyVersion: request.policyVersion,
  });
  assert(actual === request.fingerprint, "the held request is the one that was fingerprinted");
}

function newRequest({ held: _, ...call }: NewApprovalRequest, clock: Clock): ApprovalRequest {
  const createdAt = clock.now();
  const decideWithinMs = Math.min(...call.requirements.map((each) => each.decideWithinMs));
  return {
    ...call,
    id: newId("apr", clock),
    state: "pending",
    votes: [],
    createdAt,
    decideBy: new Date(createdAt.getTime() + decideWithinMs),
    executeBy: undefined,
    isRecorded: false,
    withdrawnBecause: undefined,
  };
}

/** Of what was denied, the rules that asked for it do not matter: a denial is no less one at another hour. */
function changedBetween(known: ApprovalRequest, call: NewApprovalRequest): Withdrawal | undefined {
  if (known.policyVersion !== call.policyVersion) return "policies_changed";
  if (known.connectionVersion !== call.connectionVersion) return "connection_changed";
  const isAsked = known.state === "denied" || isAllAsked(call.requirements, known.requirements);
  return isAsked ? undefined : "requirements_changed";
}

function isOverdue({ state, decideBy, executeBy }: ApprovalRequest, now: Date): boolean {
  if (state === "pending") return decideBy <= now;
  return state === "approved" && executeBy !== undefined && executeBy <= now;
}

function stepAfter({ requirements, votes }: ApprovalRequest, vote: Vote) {
  const votesSeen = votes.length;
  if (vote.verdict === "deny") return { votesSeen, state: "denied", executeBy: undefined } as const;
  if (!isSatisfied(requirements, [...votes, vote])) {
    return { votesSeen, state: "pending", executeBy: undefined } as const;
  }
  const executeWithinMs = Math.min(...requirements.map((each) => each.executeWithinMs));
  return { votesSeen, state: "approved", executeBy: new Date(vote.at.getTime() + executeWithinMs) } as const;
}

const refusalWords: Readonly<Record<VoteRefusal, string>> = {
  not_found: "There is no such approval request.",
  not_pending: "This request is no longer waiting for a decision.",
  own_request: "Nobody decides on their own request. Ask somebody else in the group.",
  not_in_group: "You are in none of the groups that may decide on this request.",
  already_voted: "You have voted on this request already; each person counts once.",
  sign_in_not_fresh: "Deciding takes a sign-in of the last five minutes. Sign in again, then vote.",
};

function refused(code: VoteRefusal): VoteOutcome {
  return { kind: "refused", code, message: refusalWords[code] };
}

function contention(): GatehouseError {
  return new GatehouseError(
    "approval_contended",
    "Too much happened to this approval request at once. Try again.",
  );
}
