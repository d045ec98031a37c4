import type { Clock } from "./clock.ts";
import type { Credentials } from "./credentials.ts";
import type { JsonObject } from "./json.ts";
import type { Operations } from "./operations.ts";
import type { UrlSigner } from "./signed-url.ts";

export interface StoredObject {
  /** The object resource of the JSON API. */
  readonly resource: JsonObject;
  readonly bytes: Buffer;
}

export interface SecretVersion {
  readonly number: number;
  readonly createdAt: Date;
  readonly state: "ENABLED" | "DISABLED" | "DESTROYED";
  /** Gone once destroyed. */
  readonly bytes: Buffer | undefined;
}

export interface Secret {
  readonly resource: JsonObject;
  readonly versions: readonly SecretVersion[];
}

/** An upload that was begun with `uploadType=resumable`; its id is the permission to go on. */
export interface UploadSession {
  readonly bucket: string;
  readonly metadata: JsonObject;
  readonly query: URLSearchParams;
  readonly received: readonly Buffer[];
}

/** A Cloud Run service, whichever of the two APIs asks for it. */
export interface RunService {
  readonly location: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly labels: JsonObject;
  readonly annotations: JsonObject;
  /** Knative revision template, as sent. */
  readonly template: JsonObject;
  readonly uri: string;
}

/** All state there is. Owned by the practice cloud that created it; services change it, requests come one at a time. */
export interface World {
  readonly project: { readonly id: string; readonly number: string };
  readonly clock: Clock;
  readonly operations: Operations;
  readonly credentials: Credentials;
  readonly signer: UrlSigner;
  /** A number never given before; for generations and resource ids. */
  readonly nextNumber: () => string;
  /** IAM policies by full resource name. */
  readonly policies: Map<string, JsonObject>;
  readonly buckets: Map<string, JsonObject>;
  /** By `bucket/name`, which bucket names without slashes keep unambiguous. */
  readonly objects: Map<string, StoredObject>;
  readonly uploads: Map<string, UploadSession>;
  readonly secrets: Map<string, Secret>;
  /** By full name, as are Run services (v2 names), service accounts (by e-mail), instances (`zone/name`) and topics. */
  readonly functions: Map<string, JsonObject>;
  readonly runServices: Map<string, RunService>;
  readonly serviceAccounts: Map<string, JsonObject>;
  readonly instances: Map<string, JsonObject>;
  readonly topics: Map<string, JsonObject>;
}

export const REGIONS: readonly string[] = ["us-central1", "us-east1", "europe-west1"];

export function now(world: World): string {
  return world.clock.now().toISOString();
}
