/** Acts that come later: real time in the server, the test's hand in tests. */
export interface Timer {
  /** Calls `act` once after `delayMs`; the answer cancels it. */
  after(delayMs: number, act: () => void): () => void;
}

/** Does not keep the process alive by itself. */
export const systemTimer: Timer = {
  after: (delayMs, act) => {
    const timeout = setTimeout(act, delayMs);
    timeout.unref();
    return () => clearTimeout(timeout);
  },
};
