/** The body of one call, as far as it was read before the call is judged. */
export interface RequestBody {
  /** The header as it came, several joined by commas; `undefined` when there is none. */
  readonly contentType: string | undefined;
  /** All `Content-Encoding` and `Content-Transfer-Encoding` headers as they came. */
  readonly contentEncodings: readonly string[];
  /** The whole body; `undefined` when it is longer than what is read before judging. */
  readonly bytes: Uint8Array | undefined;
  /** As much as was read of one that is longer. */
  readonly beginning?: Uint8Array | undefined;
}
