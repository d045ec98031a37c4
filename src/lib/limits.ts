/** Everything has a limit, and each limit a reason. Bytes unless the name says otherwise. */
export const limits = {
  /** Google's front ends take about 16 KiB of headers; more is an attack or a mistake. */
  headerBytesMax: 16 * 1024,
  headerCountMax: 100,
  /** Longer than any Google URL we have seen signed (about 2 KiB), short enough to log. */
  targetBytesMax: 8 * 1024,
  /** Structured bodies are judged and masked as a whole; Google refuses JSON above 10 to 32 MiB. */
  structuredBodyBytesMax: 32 * 1024 * 1024,
  /** Bodies up to this size are buffered so that the intent commits to their digest; larger ones stream. */
  digestedBodyBytesMax: 1024 * 1024,
  /** What a person can be asked to approve is held whole. */
  heldBodyBytesMax: 32 * 1024 * 1024,
  /** Of each masked body, this much is recorded unless configured otherwise. */
  recordedBodyBytesMax: 256 * 1024,
  /** Hold back only what could still grow into a secret; a longer one cuts the answer off. */
  maskWindowBytesMax: 64 * 1024,
  jsonDepthMax: 64,
  /** RFC 7519 tokens of identity providers with many groups reach 8 KiB. */
  tokenBytesMax: 16 * 1024,
  jwksBytesMax: 256 * 1024,
  jwksKeysMax: 100,
  /** Discovery documents are about 4 KiB. */
  discoveryBytesMax: 64 * 1024,
  /** A C2SP entry bundle prefixes each entry with a 16-bit length. */
  leafBytesMax: 65_535,
  /** Slow senders hold a socket; ten seconds suffice for any honest header block. */
  headersTimeoutMs: 10_000,
  /** Sessions end within a working day (DESIGN section 11). */
  sessionLifeMsMax: 12 * 60 * 60 * 1000,
  gatewayTokenLifeMsMax: 15 * 60 * 1000,
  /** Held requests per session: a looping agent must not bury the approvers. */
  pendingApprovalsPerSessionMax: 20,
  heldRequestsTotalMax: 500,
  capabilitiesPerSessionMax: 1_000,
  tunnelsPerSessionMax: 256,
} as const;
