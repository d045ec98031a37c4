import type { Transform } from "node:stream";
import type { Secret } from "#lib/secret";
import type { SecretShape } from "#lib/secret-shape";
import type { Finding } from "./finding.ts";

export interface MaskingSubject {
  /** Operation id, for rules that name operations. */
  readonly operation: string;
  readonly direction: "request" | "answer";
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly shape: SecretShape | undefined;
  /**
   * The content of an object (a media upload or download) rather than an answer of the API: it passes as it is but
   * for our own credentials, because clients check its hash and delete what does not match.
   */
  readonly isMedia?: boolean;
  /** The answer holds only members that the agent chose, so that a name that would tell about a value may be missing. */
  readonly isProjected?: boolean;
  /** A part of a body (status 206, Content-Range). */
  readonly isPartial?: boolean;
  /** Keyed by session and resource; makes the placeholder for a path. Never sees the value. */
  readonly placeholder: (path: string) => string;
  /** Upstream credentials that must not come back in any form. */
  readonly ownCredentials: readonly Secret[];
}

/** A transform from clear to masked bytes. `findings` is complete once the stream has ended. */
export interface MaskingStream {
  readonly stream: Transform;
  readonly findings: readonly Finding[];
  /** Whether the masked body may differ in length and checksums from the original, so that headers must go. */
  readonly alters: boolean;
}

export type MaskingPlan =
  | { readonly kind: "mask"; readonly open: () => MaskingStream }
  /** Masking is due but impossible (unknown encoding, a byte range of a structured body): fail closed. */
  | { readonly kind: "refuse"; readonly reason: string };
