import type { Principal } from "./principal.ts";
import type { Whose } from "./sign-out/whose.ts";

/** One agent's signed-in stretch of work; groups exchanges. */
export interface Session {
  readonly id: string;
  readonly principal: Principal;
  /** The software acting, as it names itself: a claim, not a proof. */
  readonly agent: string;
  /** The connection the session was bound to when it was opened, if one was named. */
  readonly connection: string | undefined;
  readonly startedAt: Date;
  readonly endsAt: Date;
  readonly stoppedAt: Date | undefined;
  /** When its own agent ended it, before `endsAt`. */
  readonly endedAt?: Date | undefined;
  /** Name of the machine identity that let it in; without it, a person did. */
  readonly machine?: string | undefined;
}

/** Who is behind one request, proven anew for each request. */
export interface Caller {
  readonly principal: Principal;
  readonly session: Session;
  readonly proof: "gateway_token" | "identity_token" | "proxy_session";
}

export type StoppedSessions = { readonly id: string } | { readonly machine: string } | Whose;

/** What the identity module keeps. Implementations live in storage/. */
export interface SessionStore {
  insert(session: Session): Promise<void>;
  find(id: string): Promise<Session | undefined>;
  /** Marks it ended by its own agent, unless it is stopped or over. */
  end(id: string, at: Date): Promise<void>;
  /**
   * Marks sessions stopped whose time is not up, those that their agents ended too; returns the ids that were running, or had
   * ended and still wait for a decision or its execution.
   */
  stop(which: StoppedSessions, at: Date): Promise<readonly string[]>;
  /** The newest first, of all or of one principal, by id. */
  list(limit: number, principalId?: string): Promise<readonly Session[]>;
}
