/** Assertions that have counted, shared by all processes of one Gatehouse. Implementations live in storage/. */
export interface SpentAssertions {
  /** Remembers this one until then, durably. `false` when it was known: it has counted before. */
  spend(digest: string, until: Date): Promise<boolean>;
}
