/**
 * The world broke, or somebody gave us something we cannot use. `code` is stable and documented in
 * docs/errors.md; `message` is for the person who reads it and says what to do next; `cause` is for our logs only.
 */
export class GatehouseError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "GatehouseError";
    this.code = code;
  }
}

/** A programmer's mistake: stop rather than continue with a log that may be wrong. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new GatehouseError("assertion_failed", message);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
