export interface PutOptions {
  /** More headers, signed with the rest: `x-amz-object-lock-mode`, `content-type`. Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Breaks off. */
  readonly signal?: AbortSignal;
}

/**
 * A bucket. Keys are made of letters, digits and `._/-`, without empty or dotted segments.
 * Everything rejects with `egress_refused` or `call_failed` when nobody knows what happened, with `object_store_refused`
 * when the store said no, naming its status and code, and with `object_store_unreadable` when its answer makes no sense.
 */
export interface ObjectStore {
  /** Only where nothing lies under this key yet. Durable when it resolves. `exists`: there was something already, and it is as it was. */
  put(key: string, bytes: Uint8Array, options?: PutOptions): Promise<"stored" | "exists">;
  get(key: string, signal?: AbortSignal): Promise<Uint8Array | undefined>;
}
