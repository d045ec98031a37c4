import { createHash } from "node:crypto";
import { crc32cBase64 } from "./crc32c.ts";
import { GoogleError, notFound } from "./google-error.ts";
import { type JsonObject, ownText, textIn } from "./json.ts";
import type { Call } from "./router.ts";
import { now, type StoredObject, type World } from "./world.ts";

const API = "https://storage.googleapis.com";

export interface ProposedObject {
  readonly bucket: string;
  readonly name: string;
  readonly metadata: JsonObject;
  readonly bytes: Buffer;
}

/** Writes an object and returns its resource. What the client said of checksums must be true, as at Google. */
export function putObject(world: World, { bucket, name, metadata, bytes }: ProposedObject): JsonObject {
  const md5Hash = createHash("md5").update(bytes).digest("base64");
  const crc32c = crc32cBase64(bytes);
  requireEqual("md5Hash", textIn(metadata, "md5Hash"), md5Hash);
  requireEqual("crc32c", textIn(metadata, "crc32c"), crc32c);
  const generation = world.nextNumber();
  const resource: JsonObject = {
    contentType: "application/octet-stream",
    storageClass: "STANDARD",
    ...metadata,
    kind: "storage#object",
    id: `${bucket}/${name}/${generation}`,
    selfLink: `${API}/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}`,
    mediaLink: `${API}/download/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}?generation=${generation}&alt=media`,
    name,
    bucket,
    generation,
    metageneration: "1",
    size: String(bytes.length),
    md5Hash,
    crc32c,
    etag: Buffer.from(`${generation}/1`).toString("base64"),
    timeCreated: now(world),
    updated: now(world),
  };
  world.objects.set(`${bucket}/${name}`, { resource, bytes });
  return resource;
}

function requireEqual(field: string, claimed: string | undefined, actual: string): void {
  if (claimed !== undefined && claimed !== actual) {
    throw new GoogleError("INVALID_ARGUMENT", `Provided ${field} does not match the bytes that arrived.`);
  }
}

/** The object the path names, if it has the generation that was asked for. */
export function storedObject(world: World, call: Call, bucket: string, name: string): StoredObject {
  const found = world.objects.get(`${bucket}/${name}`);
  const generation = call.query.get("generation");
  if (found === undefined || (generation !== null && generation !== found.resource["generation"])) {
    throw notFound(`${bucket}/${name}`);
  }
  return found;
}

export function requireBucket(world: World, bucket: string): JsonObject {
  const found = world.buckets.get(bucket);
  if (found === undefined) throw new GoogleError("NOT_FOUND", "The specified bucket does not exist.");
  return found;
}

/** `ifGenerationMatch` and its kin; generation 0 means that there must be no object. */
export function requirePreconditions(query: URLSearchParams, current: StoredObject | undefined): void {
  const generation = current === undefined ? "0" : ownText(current.resource, "generation");
  const metageneration = current === undefined ? "0" : ownText(current.resource, "metageneration");
  const holds =
    matches(query.get("ifGenerationMatch"), generation) &&
    matches(query.get("ifMetagenerationMatch"), metageneration) &&
    query.get("ifGenerationNotMatch") !== generation &&
    query.get("ifMetagenerationNotMatch") !== metageneration;
  if (!holds) throw new GoogleError("CONDITION_NOT_MET", "A precondition of the request does not hold.");
}

function matches(asked: string | null, actual: string): boolean {
  return asked === null || asked === actual;
}
