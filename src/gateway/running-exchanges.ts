import { limits } from "#lib/limits";
import type { GoneCode } from "./gone.ts";

/** One exchange between arrival and the end of its record. */
export interface RunningExchange {
  readonly gone: AbortSignal;
  /** False when the session has too many under way already. */
  readonly bind: (sessionId: string) => boolean;
  /** Work that must be done before the exchange counts as over. */
  readonly track: (work: Promise<unknown>) => void;
  readonly abort: (code: GoneCode) => void;
}

/** What is under way, so that a stopped session can be cut and a stopping server can wait. */
export interface RunningExchanges {
  begin(exchangeId: string): RunningExchange;
  find(exchangeId: string): RunningExchange | undefined;
  abortSession(sessionId: string): void;
  abortAll(): void;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

interface Entry extends RunningExchange {
  sessionId: string | undefined;
}

export function createRunningExchanges(): RunningExchanges {
  // Owned here: every exchange from its arrival until all its tracked work is done.
  const running = new Map<string, Entry>();
  let waiting: (() => void)[] = [];

  function leave(exchangeId: string): void {
    running.delete(exchangeId);
    if (running.size > 0) return;
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  }

  return {
    begin: (exchangeId) => {
      const controller = new AbortController();
      let openWork = 0;
      const entry: Entry = {
        gone: controller.signal,
        sessionId: undefined,
        bind: (sessionId) => {
          const others = [...running.values()].filter((other) => other.sessionId === sessionId);
          if (others.length >= limits.exchangesPerSessionMax) return false;
          entry.sessionId = sessionId;
          return true;
        },
        track: (work) => {
          openWork += 1;
          const done = (): void => {
            openWork -= 1;
            if (openWork === 0) leave(exchangeId);
          };
          work.then(done, done);
        },
        abort: (code) => controller.abort(code),
      };
      running.set(exchangeId, entry);
      return entry;
    },
    find: (exchangeId) => running.get(exchangeId),
    abortSession: (sessionId) => {
      for (const entry of running.values()) if (entry.sessionId === sessionId) entry.abort("session_ended");
    },
    abortAll: () => {
      for (const entry of running.values()) entry.abort("draining");
    },
    idle: async () => {
      if (running.size > 0) await new Promise<void>((wake) => waiting.push(wake));
    },
  };
}
