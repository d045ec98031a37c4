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
  /** Marks sessions stopped; returns the ids that were running. */
  stop(which: StoppedSessions, at: Date): Promise<readonly string[]>;
  /** The newest first, of all or of one principal, by id. */
  list(limit: number, principalId?: string): Promise<readonly Session[]>;
}
