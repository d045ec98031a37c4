import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Clock } from "#lib/clock";
import type { Egress } from "#lib/egress";
import { GatehouseError } from "#lib/errors";
import { callGuarded, type GuardedAnswer, type GuardedCall } from "#lib/guarded-call";
import { limits } from "#lib/limits";
import type { Secret } from "#lib/secret";
import { ListingWatch } from "#object-store";
import type { ArchiveBucket, BucketLock, CopyObject } from "./copy.ts";

export interface GcsSettings {
  /** `https://storage.googleapis.com`. */
  readonly endpoint: URL;
  readonly bucket: string;
  /** Ends in a slash or is empty. */
  readonly prefix: string;
  /** Each object's own retention, for buckets with object retention instead of a locked policy. */
  readonly retainDays: number | undefined;
  /** An `Authorization` value for Cloud Storage, asked for at each request. */
  readonly authorization: () => Promise<Secret>;
  readonly egress: Egress;
  readonly clock: Clock;
}

/** A bucket of Cloud Storage over its JSON API, with a locked retention policy or locked retention of each object. */
export function gcsBucket(settings: GcsSettings): ArchiveBucket {
  const { bucket, prefix } = settings;
  return {
    place: `gs://${bucket}/${prefix}`,
    lock: () => lock(settings),
    put: (path, bytes) => put(settings, prefix + path, bytes),
    async get(path, version) {
      const generation = version === undefined ? "" : `&generation=${version}`;
      const target = `/storage/v1/b/${bucket}/o/${encodeURIComponent(prefix + path)}?alt=media${generation}`;
      const answer = await call(settings, { method: "GET", target });
      if (answer.status === 200) return answer.body;
      if (answer.status === 404) return undefined;
      throw refused(`GET ${path}`, answer);
    },
    list: (below) => list(settings, below),
  };
}

const bucketShape = z.looseObject({
  retentionPolicy: z
    .looseObject({ retentionPeriod: z.string().regex(/^\d{1,12}$/), isLocked: z.boolean().optional() })
    .optional(),
  objectRetention: z.looseObject({ mode: z.string() }).optional(),
});

async function lock(settings: GcsSettings): Promise<BucketLock> {
  const target = `/storage/v1/b/${settings.bucket}?fields=retentionPolicy,objectRetention`;
  const answer = await call(settings, { method: "GET", target });
  if (answer.status !== 200) throw refused("to tell the bucket's retention", answer);
  const { retentionPolicy: policy, objectRetention } = parsed(bucketShape, answer, "bucket");
  if (policy?.isLocked === true && Number(policy.retentionPeriod) >= limits.archiveRetentionSMin)
    return { kind: "locked", how: `retention policy of ${policy.retentionPeriod} s, locked` };
  if (objectRetention?.mode === "Enabled" && settings.retainDays !== undefined) {
    return { kind: "locked", how: `each object for ${settings.retainDays} days, locked` };
  }
  if (objectRetention?.mode === "Enabled") {
    return {
      kind: "unlocked",
      missing: "retain_days: the bucket locks single objects, and only for as long as it is told to",
    };
  }
  return { kind: "unlocked", missing: missingOf(policy) };
}

function missingOf(policy: z.output<typeof bucketShape>["retentionPolicy"]): string {
  if (policy === undefined) return "a retention policy that is locked, or object retention";
  if (policy.isLocked !== true) return "the lock of its retention policy";
  return `a retention that outlasts a day: its policy is locked, and keeps objects for ${policy.retentionPeriod} s`;
}

const dayMs = 24 * 60 * 60 * 1000;

/** One multipart request, so that the object is never there without its retention. */
async function put(settings: GcsSettings, name: string, bytes: Uint8Array): Promise<"stored" | "exists"> {
  const { bucket, retainDays, clock } = settings;
  const until = retainDays === undefined ? undefined : new Date(clock.now().getTime() + retainDays * dayMs);
  const metadata = {
    name,
    contentType: "application/octet-stream",
    ...(until === undefined ? {} : { retention: { mode: "Locked", retainUntilTime: until.toISOString() } }),
  };
  const border = randomUUID();
  const head = `--${border}\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(metadata)}\r\n--${border}\r\ncontent-type: application/octet-stream\r\n\r\n`;
  const answer = await call(settings, {
    method: "POST",
    target: `/upload/storage/v1/b/${bucket}/o?uploadType=multipart&ifGenerationMatch=0&fields=generation`,
    headers: { "content-type": `multipart/related; boundary=${border}` },
    body: Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${border}--\r\n`)]),
  });
  if (answer.status === 200) return "stored";
  if (answer.status === 412) return "exists";
  throw refused(`PUT ${name}`, answer);
}

const listShape = z.looseObject({
  items: z
    .array(
      z.looseObject({
        name: z.string(),
        generation: z.string().regex(/^\d{1,19}$/),
        timeDeleted: z.string().optional(),
      }),
    )
    .optional(),
  nextPageToken: z.string().optional(),
});

/** Generations of one name come together, the oldest first. */
async function* list(settings: GcsSettings, below: string): AsyncGenerator<CopyObject> {
  const { bucket, prefix } = settings;
  const watch = new ListingWatch(prefix + below);
  let page: string | undefined;
  let current: { name: string; generation: string; isWhole: boolean } | undefined;
  do {
    const query = new URLSearchParams({
      prefix: prefix + below,
      versions: "true",
      fields: "items(name,generation,timeDeleted),nextPageToken",
      ...(page === undefined ? {} : { pageToken: page }),
    });
    const answer = await call(settings, {
      method: "GET",
      target: `/storage/v1/b/${bucket}/o?${query.toString()}`,
    });
    if (answer.status !== 200) throw refused(`to list ${below}`, answer);
    const { items = [], nextPageToken } = parsed(listShape, answer, "listing");
    watch.see(items.map(({ name }) => name));
    for (const { name, generation, timeDeleted } of items) {
      if (current?.name === name) {
        current.isWhole = false;
        if (BigInt(generation) < BigInt(current.generation)) current.generation = generation;
        continue;
      }
      if (current !== undefined) yield found(current, prefix);
      current = { name, generation, isWhole: timeDeleted === undefined };
    }
    page = nextPageToken;
  } while (page !== undefined);
  if (current !== undefined) yield found(current, prefix);
}

function found(
  { name, generation, isWhole }: { name: string; generation: string; isWhole: boolean },
  prefix: string,
): CopyObject {
  return { path: name.slice(prefix.length), version: generation, wasOverwritten: !isWhole };
}

interface Asked {
  readonly method: GuardedCall["method"];
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

async function call(settings: GcsSettings, asked: Asked): Promise<GuardedAnswer> {
  const { endpoint, egress } = settings;
  const authorization = (await settings.authorization()).reveal();
  return callGuarded(
    {
      url: new URL(asked.target, endpoint),
      method: asked.method,
      headers: { ...asked.headers, authorization },
      ...(asked.body === undefined ? {} : { body: asked.body }),
    },
    { egress, bytesMax: limits.archiveObjectBytesMax, timeoutMs: limits.archiveTimeoutMs },
  );
}

function parsed<Shape extends z.ZodType>(
  shape: Shape,
  { body }: GuardedAnswer,
  what: string,
): z.output<Shape> {
  try {
    return shape.parse(JSON.parse(Buffer.from(body).toString("utf8")));
  } catch (error) {
    throw new GatehouseError("object_store_unreadable", `Cloud Storage answered with no ${what}.`, {
      cause: error,
    });
  }
}

/** Google's message may quote what was sent; the status says enough. */
function refused(what: string, { status }: GuardedAnswer): GatehouseError {
  return new GatehouseError("object_store_refused", `Cloud Storage refused ${what}: ${status}.`);
}
