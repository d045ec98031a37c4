/** Which data key of which log is wrapped. */
export interface DataKeyName {
  readonly origin: string;
  readonly keyId: string;
}

/** Bound into every wrapping, whoever wraps: a wrapped key passes for no other session's and no other log's. */
export function associatedData({ origin, keyId }: DataKeyName): Buffer {
  return Buffer.from(`gatehouse-data-key/v1\n${origin}\n${keyId}`, "utf8");
}
