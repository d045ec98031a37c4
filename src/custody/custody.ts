import { isSamePerson } from "#approvals";
import type { Appended, EntryRow, NewEntry } from "#audit";
import type { Principal } from "#identity";
import { assert } from "#lib/errors";
import { newId } from "#lib/ids";
import { limits } from "#lib/limits";
import { holdEntry, releaseEntry, requestEntry, shredEntry } from "./facts.ts";
import type { CustodyRequest, Hold, HoldScope } from "./hold.ts";
import { Retention, type RetentionParts } from "./retention.ts";
import { Shredder, type ShredderParts } from "./shredder.ts";

export interface CustodyParts extends ShredderParts, RetentionParts {
  readonly isRunning: (sessionId: string) => Promise<boolean>;
}

export type CustodyRefusal =
  /** There is no such session, hold or request. */
  | "not_found"
  /** Its recordings are still being written. */
  | "session_running"
  | "already_erased"
  | "under_hold"
  /** Whoever asked cannot confirm. */
  | "same_person"
  /** Confirmed already, or too old. */
  | "request_closed";

export type Refused = { readonly kind: "refused"; readonly code: CustodyRefusal };
export type HoldSet = { readonly kind: "set"; readonly hold: Hold } | Refused;
export type Requested = { readonly kind: "requested"; readonly request: CustodyRequest } | Refused;
export type Confirmed =
  | { readonly kind: "released"; readonly request: CustodyRequest }
  | {
      readonly kind: "erased";
      readonly request: CustodyRequest;
      /** Nothing of it is left in the database's files. */
      readonly isScrubbed: boolean;
      /** What is left goes when the database server vacuums; otherwise within the hour. */
      readonly isLeftToVacuum: boolean;
    }
  | Refused;

/** Who may ask has been decided before; who is the same person is decided here. Reasons are clean and not empty. */
export interface Custody {
  /** In force when it resolves: it only protects, so one auditor's word is enough. */
  setHold(auditor: Principal, scope: HoldScope, reason: string): Promise<HoldSet>;
  requestRelease(auditor: Principal, holdId: string, reason: string): Promise<Requested>;
  requestErasure(auditor: Principal, sessionId: string, reason: string): Promise<Requested>;
  confirm(auditor: Principal, requestId: string): Promise<Confirmed>;
  list(): Promise<{ readonly holds: readonly Hold[]; readonly requests: readonly CustodyRequest[] }>;
  close(): Promise<void>;
}

/** Finishes what a crash interrupted, and begins to keep time. */
export async function openCustody(parts: CustodyParts): Promise<Custody> {
  const shredder = new Shredder(parts);
  await shredder.finish();
  const retention = new Retention(parts, shredder);
  retention.start();
  return new Desk(parts, shredder, retention);
}

class Desk implements Custody {
  readonly #parts: CustodyParts;
  readonly #shredder: Shredder;
  readonly #retention: Retention;

  constructor(parts: CustodyParts, shredder: Shredder, retention: Retention) {
    this.#parts = parts;
    this.#shredder = shredder;
    this.#retention = retention;
  }

  async setHold(setBy: Principal, scope: HoldScope, reason: string): Promise<HoldSet> {
    const { clock, store } = this.#parts;
    const objection = "sessionId" in scope ? await this.#objectionToHold(scope.sessionId) : undefined;
    if (objection !== undefined) return refused(objection);
    const hold: Hold = { id: newId("hld", clock), scope, reason, setBy, setAt: clock.now() };
    await this.#record(holdEntry(hold), (row) => store.insertHold(row, hold));
    return { kind: "set", hold };
  }

  async requestRelease(auditor: Principal, holdId: string, reason: string): Promise<Requested> {
    const hold = await this.#parts.store.findHold(holdId);
    if (hold === undefined) return refused("not_found");
    return this.#request(this.#newRequest("release", { subject: holdId, reason, auditor }));
  }

  async requestErasure(auditor: Principal, sessionId: string, reason: string): Promise<Requested> {
    const objection = await this.#objectionToErasure(sessionId);
    if (objection !== undefined) return refused(objection);
    return this.#request(this.#newRequest("erase", { subject: sessionId, reason, auditor }));
  }

  async confirm(auditor: Principal, requestId: string): Promise<Confirmed> {
    const { store, clock } = this.#parts;
    const request = await store.findRequest(requestId);
    if (request === undefined) return refused("not_found");
    const ageMs = clock.now().getTime() - request.requestedAt.getTime();
    if (request.isConfirmed || ageMs > limits.custodyRequestLifeMs) return refused("request_closed");
    if (isSamePerson(request.requestedBy, auditor)) return refused("same_person");
    return request.act === "release" ? this.#release(request, auditor) : this.#erase(request, auditor);
  }

  async list(): Promise<{ holds: readonly Hold[]; requests: readonly CustodyRequest[] }> {
    const { store, clock } = this.#parts;
    const since = new Date(clock.now().getTime() - limits.custodyRequestLifeMs);
    const [holds, requests] = await Promise.all([
      store.holds(limits.listedHoldsMax),
      store.openRequests(since, limits.listedHoldsMax),
    ]);
    return { holds, requests };
  }

  async close(): Promise<void> {
    await this.#retention.close();
    await this.#shredder.settled();
  }

  async #release(request: CustodyRequest, confirmedBy: Principal): Promise<Confirmed> {
    const { store, clock } = this.#parts;
    const confirmation = { requestId: request.id, confirmedBy, at: clock.now() };
    const done = await this.#parts.audit.appendWith(releaseEntry(request, confirmedBy), (row) =>
      store.release(row, request.subject, confirmation),
    );
    return done.kind === "recorded" ? { kind: "released", request } : refused("request_closed");
  }

  async #erase(request: CustodyRequest, confirmedBy: Principal): Promise<Confirmed> {
    const objection = await this.#objectionToErasure(request.subject);
    if (objection !== undefined) return refused(objection);
    const at = this.#parts.clock.now();
    const outcome = await this.#shredder.shred(shredEntry(request, confirmedBy), {
      sessionId: request.subject,
      at,
      confirmation: { requestId: request.id, confirmedBy, at },
    });
    switch (outcome.kind) {
      case "shredded":
        return {
          kind: "erased",
          request,
          isScrubbed: outcome.scrubbing === "done",
          isLeftToVacuum: outcome.scrubbing === "vacuum",
        };
      case "held":
        return refused("under_hold");
      case "erased":
        return refused("already_erased");
      case "not_open":
        return refused("request_closed");
    }
  }

  /** A hold on nothing would be believed to protect something. One that runs and has done nothing yet is no such hold. */
  async #objectionToHold(sessionId: string): Promise<CustodyRefusal | undefined> {
    const { store, isRunning } = this.#parts;
    if (await store.isErased(sessionId)) return "already_erased";
    return (await isRunning(sessionId)) || (await store.hasEntries(sessionId)) ? undefined : "not_found";
  }

  async #objectionToErasure(sessionId: string): Promise<CustodyRefusal | undefined> {
    const { store, isRunning } = this.#parts;
    if (!(await store.hasEntries(sessionId))) return "not_found";
    if (await store.isErased(sessionId)) return "already_erased";
    if (await isRunning(sessionId)) return "session_running";
    return (await store.isHeld(sessionId)) ? "under_hold" : undefined;
  }

  #newRequest(
    act: CustodyRequest["act"],
    asked: { readonly subject: string; readonly reason: string; readonly auditor: Principal },
  ): CustodyRequest {
    const { clock } = this.#parts;
    const { subject, reason, auditor: requestedBy } = asked;
    const id = newId("req", clock);
    return { id, act, subject, reason, requestedBy, requestedAt: clock.now(), isConfirmed: false };
  }

  async #request(request: CustodyRequest): Promise<Requested> {
    await this.#record(requestEntry(request), (row) => this.#parts.store.insertRequest(row, request));
    return { kind: "requested", request };
  }

  /** For what nothing can decline. */
  async #record(entry: NewEntry, write: Write<"key_erased">): Promise<void> {
    const done = await this.#parts.audit.appendWith(entry, write);
    assert(done.kind === "recorded", "a day's key is never erased");
  }
}

type Write<Why extends string> = (row: EntryRow) => Promise<Appended<Why>>;

function refused(code: CustodyRefusal): Refused {
  return { kind: "refused", code };
}
