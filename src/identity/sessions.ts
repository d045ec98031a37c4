import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Clock } from "#lib/clock";
import { newId } from "#lib/ids";
import { limits } from "#lib/limits";
import type { Timer } from "#lib/timer";
import type { Principal } from "./principal.ts";
import type { Workload } from "./proven-identity.ts";
import type { Session, SessionStore, StoppedSessions } from "./session.ts";
import { RecentStops } from "./sign-out/recent-stops.ts";
import type { StopCause } from "./sign-out/stop-cause.ts";

/** What happened to a session, for the audit log. */
export type SessionFact =
  | { readonly kind: "session.opened"; readonly session: Session; readonly workload?: Workload }
  /** Its agent was done with it. */
  | { readonly kind: "session.ended"; readonly sessionId: string }
  | { readonly kind: "session.stopped"; readonly sessionId: string; readonly cause: StopCause };

export interface SessionsParts {
  readonly store: SessionStore;
  readonly clock: Clock;
  readonly timer: Timer;
  /** Puts the fact on record. A session whose opening cannot be recorded is not opened, one whose end cannot is not ended. */
  readonly onFact: (fact: SessionFact) => Promise<void>;
  /** Whether what let this session in is still configured. Asked at each use: stops can fail, and servers be restarted. */
  readonly isVouchedFor: (session: Pick<Session, "principal" | "machine">) => boolean;
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
  readonly workload?: Workload | undefined;
  /** Of `recentStops`, read before the proof was looked at; now without it. */
  readonly stopsBefore?: number;
}

export interface ShownToken {
  readonly digest: string;
  readonly countsUntil: Date;
  /** As of a new session. */
  readonly stopsBefore?: number;
}

type StopListener = (session: Pick<Session, "id">) => void;

interface Watch {
  readonly principalId: string;
  readonly endsAtMs: number;
  readonly cancel: () => void;
}

/** Agents' sessions of one server. They end within 12 hours, whatever happens to the wall clock. */
export interface Sessions {
  /** It is stopped already, and says so, when its principal was stopped while it was opened. */
  open(wanted: NewSession): Promise<Session>;
  /**
   * The session of a token that did not come through our token endpoint: one for each token, ending with it. The same
   * token never opens a second one, not even after the first was stopped and the server restarted. It is stopped when its
   * issuer now says less of the principal than when it was opened.
   */
  openFor(token: ShownToken, principal: Principal, workload?: Workload): Promise<SessionFinding>;
  find(id: string): Promise<SessionFinding>;
  /** Whether another session may be opened for this principal, as far as this server knows of those that run. */
  hasRoomFor(principalId: string): boolean;
  /** Stops the session of this token if it runs with more than its principal has now. Whether it did. */
  stopIfMore(tokenDigest: string, principal: Principal): Promise<boolean>;
  /** The session that `openFor` opened for this token, if it did. */
  findFor(tokenDigest: string): Promise<SessionFinding>;
  /**
   * Its own agent is done with it. What it asked people for stays: whoever ran a command may run it again once they have
   * decided. Nothing happens to a session that is over. Rejects if that cannot be recorded or stored, and then it runs on.
   */
  end(id: string): Promise<void>;
  /**
   * Ends them at once, with what they asked people for, and returns the ids of those that ran or still asked for something: an
   * agent that has ended its session has not escaped. Rejects if that cannot be stored or recorded.
   */
  stop(which: StoppedSessions, cause: StopCause): Promise<readonly string[]>;
  /** The newest first, of all or of one principal, by id. */
  list(limit: number, principalId?: string): Promise<readonly Session[]>;
  /** Told of each session that stops or reaches its end while this server watches it. */
  onStopped(listener: StopListener): () => void;
  /** Grows with each stop; what was concluded under an earlier epoch has to be concluded anew. */
  readonly epoch: number;
  readonly recentStops: RecentStops;
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
  /** Running sessions by principal, of those that are watched. Owned together with `#watched`. */
  readonly #running = new Map<string, number>();
  readonly #opening = new Map<string, Promise<SessionFinding>>();
  readonly #ending = new Map<string, Promise<void>>();
  /** Ids that were told of: what was read of them before says nothing any more. */
  readonly #ended = new LRUCache<string, true>({ max: limits.watchedSessionsMax });
  readonly recentStops = new RecentStops();
  #epoch = 0;

  constructor(parts: SessionsParts) {
    this.#parts = parts;
    this.#watched = new LRUCache({
      max: limits.watchedSessionsMax,
      dispose: (watch) => this.#unwatched(watch),
    });
  }

  get epoch(): number {
    return this.#epoch;
  }

  open(wanted: NewSession): Promise<Session> {
    const { principal, agent, connection, endsBy } = wanted;
    const { clock } = this.#parts;
    const startedAt = clock.now();
    const endsAtMs = startedAt.getTime() + limits.sessionLifeMsMax;
    const session: Session = {
      id: newId("ses", clock),
      principal,
      agent,
      connection,
      startedAt,
      endsAt: new Date(Math.min(endsAtMs, endsBy?.getTime() ?? endsAtMs)),
      stoppedAt: undefined,
      machine: wanted.workload?.machine,
    };
    return this.#insert(session, wanted);
  }

  openFor(
    { digest, countsUntil: endsBy, stopsBefore = this.recentStops.count }: ShownToken,
    principal: Principal,
    workload?: Workload,
  ): Promise<SessionFinding> {
    const id = implicitSessionId(digest);
    const opening =
      this.#opening.get(id) ?? this.#findOrOpen(id, { principal, workload, endsBy, stopsBefore });
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

  hasRoomFor(principalId: string): boolean {
    return (this.#running.get(principalId) ?? 0) < limits.sessionsPerPrincipalMax;
  }

  findFor(tokenDigest: string): Promise<SessionFinding> {
    return this.find(implicitSessionId(tokenDigest));
  }

  async stopIfMore(tokenDigest: string, principal: Principal): Promise<boolean> {
    return this.#stopIfMore(await this.findFor(tokenDigest), principal);
  }

  end(id: string): Promise<void> {
    const ending = this.#ending.get(id) ?? this.#end(id);
    this.#ending.set(id, ending);
    const done = (): void => void this.#ending.delete(id);
    ending.then(done, done);
    return ending;
  }

  async stop(which: StoppedSessions, cause: StopCause): Promise<readonly string[]> {
    if (which === "all" || !("id" in which)) this.recentStops.note(which, cause);
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
  isRunning(session: Session): boolean {
    const { id, endsAt } = session;
    const { clock, isVouchedFor } = this.#parts;
    if (!isVouchedFor(session)) return false;
    const watched = this.#watched.peek(id);
    const isPast = watched !== undefined && clock.monotonicMs() >= watched.endsAtMs;
    return !wasCutShort(session) && clock.now() < endsAt && !isPast && !this.#ended.has(id);
  }

  close(): void {
    this.#watched.clear();
    this.#listeners.clear();
  }

  async #findOrOpen(
    id: string,
    proven: Pick<NewSession, "principal" | "workload" | "stopsBefore"> & { readonly endsBy: Date },
  ): Promise<SessionFinding> {
    const { principal, workload, endsBy } = proven;
    const found = await this.find(id);
    const isStopped = await this.#stopIfMore(found, principal);
    if (found.kind !== "unknown") return isStopped ? { kind: "over", session: found.session } : found;
    const startedAt = this.#parts.clock.now();
    const endsAtMs = Math.min(endsBy.getTime(), startedAt.getTime() + limits.sessionLifeMsMax);
    const session: Session = {
      id,
      principal,
      agent: workload?.agent ?? "unnamed",
      connection: onlyConnection(workload),
      startedAt,
      endsAt: new Date(endsAtMs),
      stoppedAt: undefined,
      machine: workload?.machine,
    };
    const opened = await this.#insert(session, proven);
    return { kind: this.isRunning(opened) ? "running" : "over", session: opened };
  }

  async #insert(
    session: Session,
    { workload, stopsBefore = this.recentStops.count }: Pick<NewSession, "workload" | "stopsBefore">,
  ): Promise<Session> {
    await this.#parts.onFact({
      kind: "session.opened",
      session,
      ...(workload === undefined ? {} : { workload }),
    });
    await this.#parts.store.insert(session);
    this.#watch(session);
    // A stop that came after the proof and before this looked for sessions when this one was not there yet.
    const cause = this.recentStops.causeSince(stopsBefore, session.principal, session.machine);
    if (cause === undefined) return session;
    await this.stop({ id: session.id }, cause);
    return { ...session, stoppedAt: this.#parts.clock.now() };
  }

  /**
   * First the record, then the end: nothing presses, unlike with a stop, and an end that nobody can look up would be a hole in
   * the log. After a crash in between, or a store that failed, it runs until its time or until its agent asks again.
   */
  async #end(id: string): Promise<void> {
    if ((await this.find(id)).kind !== "running") return;
    await this.#parts.onFact({ kind: "session.ended", sessionId: id });
    await this.#parts.store.end(id, this.#parts.clock.now());
    this.#epoch += 1;
    this.#tell(id);
  }

  async #stopIfMore(found: SessionFinding, principal: Principal): Promise<boolean> {
    if (found.kind !== "running" || !hasLess(principal, found.session.principal)) return false;
    await this.stop({ id: found.session.id }, { kind: "groups_changed" });
    return true;
  }

  #unwatched({ principalId, cancel }: Watch): void {
    cancel();
    const left = (this.#running.get(principalId) ?? 1) - 1;
    if (left > 0) this.#running.set(principalId, left);
    else this.#running.delete(principalId);
  }

  #watch(session: Session): void {
    const { clock, timer } = this.#parts;
    const { id, endsAt } = session;
    const principalId = session.principal.id;
    const leftMs = endsAt.getTime() - clock.now().getTime();
    if (wasCutShort(session) || leftMs <= 0 || this.#watched.has(id)) return;
    const cancel = timer.after(leftMs, () => {
      this.#epoch += 1;
      this.#tell(id);
    });
    this.#watched.set(id, { principalId, endsAtMs: clock.monotonicMs() + leftMs, cancel });
    this.#running.set(principalId, (this.#running.get(principalId) ?? 0) + 1);
  }

  #tell(id: string): void {
    this.#ended.set(id, true);
    this.#watched.delete(id);
    for (const listener of this.#listeners) listener({ id });
  }
}

/** Whatever a clock says: one that is set back brings neither kind to life again. */
function wasCutShort({ stoppedAt, endedAt }: Session): boolean {
  return stoppedAt !== undefined || endedAt !== undefined;
}

/** Whoever may use one connection has named it. */
export function onlyConnection(workload: Workload | undefined): string | undefined {
  const [only, ...others] = workload?.connections ?? [];
  return others.length === 0 ? only : undefined;
}

/** What is added counts from the next sign-in on, as everywhere; what was taken away counts at once. */
function hasLess(now: Principal, before: Principal): boolean {
  return now.email !== before.email || before.groups.some((group) => !now.groups.includes(group));
}

/** Looks like any other id, and is the same again after a restart; the token cannot be found from it. */
function implicitSessionId(digest: string): string {
  return `ses_${createHash("sha256").update(`implicit session\n${digest}`).digest("hex").slice(0, 32)}`;
}
