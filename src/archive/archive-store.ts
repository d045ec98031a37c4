/** How much of the log lies in which bucket. Durable when a method resolves. */
export interface ArchiveStore {
  /** `place` is the bucket's address, `s3://bucket/prefix`. */
  reached(place: string, size: number, at: Date): Promise<void>;
  /** 0 for nothing yet. */
  sizeAt(place: string): Promise<number>;
  /** Of all places; 0 for none. */
  largestSize(): Promise<number>;
}
