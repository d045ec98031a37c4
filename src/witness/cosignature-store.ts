/** A witness's word on a checkpoint of ours, as it is kept. */
export interface StoredCosignature {
  /** Of the checkpoint. */
  readonly size: number;
  /** Verifier key of the witness. */
  readonly cosigner: string;
  /** The signature line, with its newline. */
  readonly line: string;
  readonly at: Date;
}

/** Where cosignatures are kept. Durable when a method resolves. */
export interface CosignatureStore {
  /** One for each witness and size: a later one of the same takes the place of the earlier. */
  keep(cosignature: StoredCosignature): Promise<void>;
  /** Of one checkpoint size, in order of cosigner. */
  of(size: number): Promise<readonly StoredCosignature[]>;
  /** The largest size that a witness has cosigned. */
  newestOf(cosigner: string): Promise<StoredCosignature | undefined>;
  /** The largest size that anybody has cosigned; 0 for none. */
  largestSize(): Promise<number>;
}
