import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Clock } from "#lib/clock";
import { newId } from "#lib/ids";
import { limits } from "#lib/limits";
import type { Timer } from "#lib/timer";
import type { Principal } from "./principal.ts";
import type { Session, SessionStore } from "./session.ts";

/** What happened to a session, for the audit log. */
export type SessionFact =
  | { readonly kind: "session.opened"; readonly session: Session }
  | { readonly kind: "session.stopped"; readonly sessionId: string; readonly cause: StopCause };

export type StopCause =
  | { readonly kind: "person"; readonly principal: Principal }
  /** An old refresh token came back: either it or its successor is in the wrong hands. */
  | { readonly kind: "refresh_token_reused" };

export interface SessionsParts {
  readonly store: SessionStore;
  readonly clock: Clock;
  readonly timer: Timer;
  /** Puts the fact on record. A session whose opening cannot be recorded is not opened. */
  readonly onFact: (fact: SessionFact) => Promise<void>;
}

export type SessionFinding =
  | { readonly kind: "running"; readonly session: Session }
  | { readonly kind: "over"; readonly session: Session }
  | { readonly kind: "unknown" };

export interface NewSession {
  readonly principal: Principal;
  readonly agent: string;
  readonly connection: string | undefined;
  /** The session ends by then at the latest. */
  readonly endsBy?: Date;
}

type StopListener = (session: Pick<Session, "id">) => void;

interface Watch {
  readonly endsAtMs: number;
  readonly cancel: () => void;
}

/** Agents' sessions of one server. They end within 12 hours, whatever happens to the wall clock. */
export interface Sessions {
  open(wanted: NewSession): Promise<Session>;
  /**
   * The session of a token that did not come through our token endpoint: one for each token, ending with it. The same
   * token never opens a second one, not even after the first was stopped and the server restarted.
   */
  openFor(
    token: { readonly digest: string; readonly countsUntil: Date },
    principal: Principal,
  ): Promise<SessionFinding>;
  find(id: string): Promise<SessionFinding>;
  /** Ends them at once and returns the ids of those that ran. Rejects if that cannot be stored or recorded. */
  stop(which: Parameters<SessionStore["stop"]>[0], cause: StopCause): Promise<readonly string[]>;
  /** The newest first, of all or of one principal, by id. */
  list(limit: number, principalId?: string): Promise<readonly Session[]>;
  /** Told of each session that stops or reaches its end while this server watches it. */
  onStopped(listener: StopListener): () => void;
  /** Grows with each stop; what was concluded under an earlier epoch has to be concluded anew. */
  readonly epoch: number;
  isRunning(session: Session): boolean;
  close(): void;
}

export function openSessions(parts: SessionsParts): Sessions {
  return new WatchedSessions(parts);
}

class WatchedSessions implements Sessions {
  readonly #parts: SessionsParts;
  readonly #listeners = new Set<StopListener>();
  readonly #watched: LRUCache<string, Watch>;
  readonly #opening = new Map<string, Promise<SessionFinding>>();
  #epoch = 0;

  constructor(parts: SessionsParts) {
    this.#parts = parts;
    this.#watched = new LRUCache({ max: limits.watchedSessionsMax, dispose: ({ cancel }) => cancel() });
  }

  get epoch(): number {
    return this.#epoch;
  }

  open({ principal, agent, connection, endsBy }: NewSession): Promise<Session> {
    const { clock } = this.#parts;
    const startedAt = clock.now();
    const endsAtMs = startedAt.getTime() + limits.sessionLifeMsMax;
    return this.#insert({
      id: newId("ses", clock),
      principal,
      agent,
      connection,
      startedAt,
      endsAt: new Date(Math.min(endsAtMs, endsBy?.getTime() ?? endsAtMs)),
      stoppedAt: undefined,
    });
  }

  openFor(token: { digest: string; countsUntil: Date }, principal: Principal): Promise<SessionFinding> {
    const id = implicitSessionId(token.digest);
    const opening = this.#opening.get(id) ?? this.#findOrOpen(id, token.countsUntil, principal);
    this.#opening.set(id, opening);
    const done = (): void => void this.#opening.delete(id);
    opening.then(done, done);
    return opening;
  }

  async find(id: string): Promise<SessionFinding> {
    const session = await this.#parts.store.find(id);
    if (session === undefined) return { kind: "unknown" };
    this.#watch(session);
    return { kind: this.isRunning(session) ? "running" : "over", session };
  }

  async stop(which: Parameters<SessionStore["stop"]>[0], cause: StopCause): Promise<readonly string[]> {
    const ids = await this.#parts.store.stop(which, this.#parts.clock.now());
    // First the cut, then the record: a log that is full must not keep a stopped agent going.
    this.#epoch += 1;
    for (const id of ids) this.#tell(id);
    for (const id of ids) await this.#parts.onFact({ kind: "session.stopped", sessionId: id, cause });
    return ids;
  }

  list(limit: number, principalId?: string): Promise<readonly Session[]> {
    return this.#parts.store.list(limit, principalId);
  }

  onStopped(listener: StopListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** By the wall clock for what was stored, by the monotonic one for what was seen: the earlier end counts. */
  isRunning({ id, endsAt, stoppedAt }: Session): boolean {
    const { clock } = this.#parts;
    const watched = this.#watched.peek(id);
    const isPast = watched !== undefined && clock.monotonicMs() >= watched.endsAtMs;
    return stoppedAt === undefined && clock.now() < endsAt && !isPast;
  }

  close(): void {
    this.#watched.clear();
    this.#listeners.clear();
  }

  async #findOrOpen(id: string, countsUntil: Date, principal: Principal): Promise<SessionFinding> {
    const found = await this.find(id);
    if (found.kind !== "unknown") return found;
    const startedAt = this.#parts.clock.now();
    const endsAtMs = Math.min(countsUntil.getTime(), startedAt.getTime() + limits.sessionLifeMsMax);
    const session: Session = {
      id,
      principal,
      agent: "unnamed",
      connection: undefined,
      startedAt,
      endsAt: new Date(endsAtMs),
      stoppedAt: undefined,
    };
    return { kind: "running", session: await this.#insert(session) };
  }

  async #insert(session: Session): Promise<Session> {
    await this.#parts.onFact({ kind: "session.opened", session });
    await this.#parts.store.insert(session);
    this.#watch(session);
    return session;
  }

  #watch({ id, endsAt, stoppedAt }: Session): void {
    const { clock, timer } = this.#parts;
    const leftMs = endsAt.getTime() - clock.now().getTime();
    if (stoppedAt !== undefined || leftMs <= 0 || this.#watched.has(id)) return;
    const cancel = timer.after(leftMs, () => {
      this.#epoch += 1;
      this.#tell(id);
    });
    this.#watched.set(id, { endsAtMs: clock.monotonicMs() + leftMs, cancel });
  }

  #tell(id: string): void {
    for (const listener of this.#listeners) listener({ id });
  }
}

/** Looks like any other id, and is the same again after a restart; the token cannot be found from it. */
function implicitSessionId(digest: string): string {
  return `ses_${createHash("sha256").update(`implicit session\n${digest}`).digest("hex").slice(0, 32)}`;
}
