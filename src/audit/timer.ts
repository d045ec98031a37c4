/** Where the log's own rhythm comes from: real time in the server, the test's hand in tests. */
export interface Timer {
  /** Calls `act` once after `delayMs`; the answer cancels it. */
  after(delayMs: number, act: () => void): () => void;
}

export const systemTimer: Timer = {
  after: (delayMs, act) => {
    const timeout = setTimeout(act, delayMs);
    return () => clearTimeout(timeout);
  },
};
