import type { Secret } from "#lib/secret";

/** How a connection proves itself to Google. */
export type UpstreamIdentity =
  | { readonly kind: "application_default"; readonly scopes: readonly string[] }
  | { readonly kind: "key_file"; readonly path: string; readonly scopes: readonly string[] }
  | {
      readonly kind: "impersonation";
      readonly target: string;
      readonly source: UpstreamIdentity;
      readonly scopes: readonly string[];
    }
  /** Emulators. */
  | { readonly kind: "none" };

/** A configured way to reach Google as one upstream identity. */
export interface Connection {
  readonly name: string;
  readonly identity: UpstreamIdentity;
  /** Service hosts that may be reached; `*` for all the catalogue knows. */
  readonly hosts: readonly string[];
  /** Projects that may be reached; `*` for all. */
  readonly projects: readonly string[];
  /** Principals' groups that may use it; `*` for all. */
  readonly groups: readonly string[];
  /**
   * Where the bytes go instead of `https://<host>`: an emulator or the practice cloud. Cleartext only when the
   * scheme says http, which configuration allows for loopback only.
   */
  readonly endpoint: URL | undefined;
  readonly quotaProject: string | undefined;
}

export type ConnectionChoice =
  | { readonly kind: "chosen"; readonly connection: Connection }
  | {
      readonly kind: "refused";
      readonly code: "no_connection" | "ambiguous_connection" | "outside_connection";
      readonly detail: string;
    };

export interface UpstreamCredential {
  /** `Authorization` value; `undefined` for identity `none`. */
  readonly authorization: Secret | undefined;
}
