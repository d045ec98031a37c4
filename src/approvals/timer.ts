/** Calls back later: real time in the server, the test's hand in tests. */
export interface Timer {
  /** Calls `act` once after `delayMs`; the answer cancels it. */
  after(delayMs: number, act: () => void): () => void;
}
