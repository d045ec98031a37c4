import { createHash } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";
import type { Clock } from "#lib/clock";
import type { Egress } from "#lib/egress";
import { GatehouseError } from "#lib/errors";
import { callGuarded, type GuardedAnswer, type GuardedCall } from "#lib/guarded-call";
import { limits } from "#lib/limits";
import type { Secret } from "#lib/secret";
import { errorCodeOf } from "./answer-xml.ts";
import type { ObjectStore, PutOptions } from "./object-store.ts";

export interface ObjectStoreSettings {
  /** `https://s3.eu-west-1.amazonaws.com`, `https://storage.googleapis.com`; buckets are addressed by path. */
  readonly endpoint: URL;
  readonly bucket: string;
  readonly region: string;
  /**
   * How a store is told not to overwrite. Cloud Storage takes no `If-None-Match` with an upload; there the header is
   * `x-goog-if-generation-match: 0`, and the other one would silently overwrite.
   */
  readonly dialect: "s3" | "gcs";
  /** Asked for at each request, so that keys can be rotated. */
  readonly keys: () => { readonly accessKeyId: string; readonly secretAccessKey: Secret };
  readonly egress: Egress;
  readonly clock: Clock;
}

export function openObjectStore(settings: ObjectStoreSettings): ObjectStore {
  const call = (asked: Asked): Promise<GuardedAnswer> => send(asked, settings);
  return {
    async put(key, bytes, options = {}) {
      const headers = putHeaders(bytes, options, settings.dialect);
      const { signal } = options;
      const answer = await call({ method: "PUT", path: requireKey(key), headers, body: bytes, signal });
      if (answer.status === 200) return "stored";
      // 412: it was there. Several stores answer 409 to two writers at once; that one is for the caller to try again.
      if (answer.status === 412) return "exists";
      throw refused(`PUT ${key}`, answer);
    },
    async get(key, signal) {
      const answer = await call({ method: "GET", path: requireKey(key), signal });
      if (answer.status === 200) return answer.body;
      if (answer.status === 404) return undefined;
      throw refused(`GET ${key}`, answer);
    },
  };
}

export interface Asked {
  readonly method: GuardedCall["method"];
  /** Within the bucket; empty for the bucket itself. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal | undefined;
}

function putHeaders(
  bytes: Uint8Array,
  { headers }: PutOptions,
  dialect: ObjectStoreSettings["dialect"],
): Record<string, string> {
  const once: Record<string, string> =
    dialect === "s3" ? { "if-none-match": "*" } : { "x-goog-if-generation-match": "0" };
  return {
    "content-type": "application/octet-stream",
    // Object Lock asks for a digest besides the signed one; MD5 here only tells of damage on the way.
    "content-md5": createHash("md5").update(bytes).digest("base64"),
    ...headers,
    ...once,
  };
}

/** Signature version 4; the payload's digest is part of what is signed. */
export async function send(asked: Asked, settings: ObjectStoreSettings): Promise<GuardedAnswer> {
  const { endpoint, bucket, region, keys, egress, clock } = settings;
  const url = new URL(`/${bucket}${asked.path === "" ? "" : `/${asked.path}`}`, endpoint);
  for (const [name, value] of Object.entries(asked.query ?? {})) url.searchParams.set(name, value);
  const { accessKeyId, secretAccessKey } = keys();
  const signed = await new AwsV4Signer({
    method: asked.method,
    url: url.href,
    headers: {
      ...asked.headers,
      "x-amz-content-sha256": createHash("sha256")
        .update(asked.body ?? "")
        .digest("hex"),
    },
    accessKeyId,
    secretAccessKey: secretAccessKey.reveal(),
    service: "s3",
    region,
    // `20261128T120000Z`
    datetime: clock
      .now()
      .toISOString()
      .replace(/[:-]|\.\d{3}/g, ""),
  }).sign();
  return callGuarded(
    {
      url: signed.url,
      method: asked.method,
      headers: Object.fromEntries(signed.headers),
      ...(asked.body === undefined ? {} : { body: asked.body }),
    },
    {
      egress,
      bytesMax: limits.objectBytesMax,
      timeoutMs: limits.objectStoreTimeoutMs,
      ...(asked.signal === undefined ? {} : { signal: asked.signal }),
    },
  );
}

/** Keys need no escape, so that no two layers can disagree about one. */
export function requireKey(key: string): string {
  const isPlain = /^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*$/.test(key) && key.length <= 1_024;
  if (isPlain && !key.split("/").some((segment) => segment === "." || segment === "..")) return key;
  throw new GatehouseError("object_key_invalid", `${key} cannot be the key of an object.`);
}

export function refused(what: string, { status, body }: GuardedAnswer): GatehouseError {
  const code = errorCodeOf(body);
  const said = code === undefined ? String(status) : `${status} ${code}`;
  return new GatehouseError("object_store_refused", `The object store refused ${what}: ${said}.`);
}
