/** Which data key of which log: bound into the wrapping, so that no wrapped key passes for another's. */
export interface DataKeyName {
  readonly origin: string;
  readonly keyId: string;
}

/**
 * Wraps the data keys of sessions and days, so that the database holds none in clear. Implementations are in `keys`; a new one
 * needs these two calls and a name.
 *
 * Both reject with `key_provider_unavailable` when nobody can be asked now; `unwrap` also with `wrapping_key_missing` (this
 * provider does not have the key that wrapped it) and `wrapped_key_broken` (these bytes were not wrapped by it for this name).
 */
export interface KeyProvider {
  /** Stored beside everything it wraps: who is asked to unwrap it. */
  readonly name: string;
  wrap(dataKey: Uint8Array, of: DataKeyName): Promise<Uint8Array>;
  unwrap(wrapped: Uint8Array, of: DataKeyName): Promise<Uint8Array>;
}
