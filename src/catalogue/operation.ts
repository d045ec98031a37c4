import { riskClasses } from "#lib/entry-words";
import type { SecretShape } from "#lib/secret-shape";

/** How bad an operation can be, in order; `unknown` fails closed. */
export type RiskClass = (typeof riskClasses)[number];

/** Negative when `a` is the milder class. */
export function compareClasses(a: RiskClass, b: RiskClass): number {
  return riskClasses.indexOf(a) - riskClasses.indexOf(b);
}

/**
 * What a policy may want to know besides the class: `exec` runs code or SQL of the caller's choice, `exfil` may let
 * data or access leave the project, `inference` calls a model, `long_running` answers before it is done, `media`
 * carries bytes up or down.
 */
export type OperationFlag = "exec" | "exfil" | "inference" | "long_running" | "media";

/** The IAM permission a method asks for. No source lists them: `described` stands in the method's description, `derived` follows from its name. */
export interface Permission {
  readonly name: string;
  readonly basis: "described" | "derived";
}

/** One method of one Google API, named as Google names it, e.g. `secretmanager.projects.secrets.versions.access`. */
export interface Operation {
  readonly id: string;
  /** Host of the service, e.g. `secretmanager.googleapis.com`. */
  readonly service: string;
  readonly version: string;
  readonly class: RiskClass;
  /** Why it is in that class, for people. */
  readonly classReason: string;
  readonly flags: readonly OperationFlag[];
  /** Why it has them, for people; nothing of those that Google's description tells itself. */
  readonly flagReasons: ReadonlyMap<OperationFlag, string>;
  /** Names people already use, e.g. `cloudfunctions.deploy`. */
  readonly aliases: readonly string[];
  readonly requestSecrets: SecretShape | undefined;
  readonly responseSecrets: SecretShape | undefined;
  /**
   * Members of the request body (dotted, lists transparent) and query parameters that differ when the same call is
   * sent again. A member whose own name has dots stands in brackets: `metadata.labels["client.knative.dev/nonce"]`.
   */
  readonly volatileFields: readonly string[];
  /** Member of the answer (dotted) that holds a URL usable without a bearer token, e.g. `uploadUrl`. */
  readonly capabilityField: string | undefined;
  readonly permission: Permission | undefined;
  /** Verbs and paths by which it is called, in the syntax of google.api.http; its own first. */
  readonly routes: readonly string[];
}

/** What an operation is about. */
export interface Resource {
  /** Relative resource name, e.g. `projects/p/secrets/s/versions/1`; for lists and creates the parent; "" when there is none. */
  readonly name: string;
  /** AIP-122 full name, `//secretmanager.googleapis.com/projects/…`. */
  readonly fullName: string;
  /** Relative name of what it belongs to, e.g. `projects/p/secrets/s`; "" for what stands by itself. */
  readonly parent: string;
  /** Collection the name ends in, e.g. `versions`; "" when there is no resource. */
  readonly type: string;
  readonly project: string | undefined;
  readonly location: string | undefined;
}

export interface Call {
  readonly operation: Operation;
  readonly resource: Resource;
  /** The host after canonicalisation, e.g. `us-central1-run.googleapis.com` keeps its region here. */
  readonly host: string;
  /** Decoded query, names as written; no name occurs twice. */
  readonly query: ReadonlyMap<string, string>;
  /** Parameters that the method allows more than once and that were there more than once; not among `query`. */
  readonly repeatedQuery?: ReadonlyMap<string, readonly string[]> | undefined;
  /**
   * What the bodies are besides JSON: bytes up, bytes down, or the start of a resumable upload, whose answer names a
   * session URL in `Location`.
   */
  readonly media?: "upload" | "resumable_upload" | "download" | undefined;
  /** A call of the XML API of Cloud Storage, named after its twin of the JSON API; its body is not JSON. */
  readonly isXml?: true;
}
