import type { RawHeader } from "#lib/headers";
import type { Call } from "./operation.ts";

/** The request line as it came from the wire; nothing decoded, nothing normalised. */
export interface CallLine {
  readonly host: string;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly RawHeader[];
}

/**
 * What Gatehouse makes of a call.
 * `session_url` is a URL that carries its own permission (signed URL, resumable upload): only the capability
 * register of the gateway can say what it is.
 */
export type Understanding =
  | { readonly kind: "call"; readonly call: Call }
  | { readonly kind: "session_url"; readonly host: string }
  | { readonly kind: "unknown"; readonly code: UnknownCode; readonly detail: string };

export type UnknownCode =
  | "unknown_host"
  | "unknown_method"
  | "ambiguous_path"
  | "override_refused"
  | "parameter_refused"
  | "batch_refused"
  | "token_endpoint";
