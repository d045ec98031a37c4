import { randomBytes } from "node:crypto";
import { GoogleError } from "../google-error.ts";
import { type JsonObject, parseJsonObject, textIn } from "../json.ts";
import { partsOf } from "../multipart.ts";
import { type Answer, type Call, type Route, route } from "../router.ts";
import { putObject, requireBucket, requirePreconditions } from "../stored-object.ts";
import type { UploadSession, World } from "../world.ts";

const UPLOADS_OPEN_MAX = 100;
/** Chunks of a resumable upload, save for the last, come in multiples of this. */
const CHUNK_BYTES = 256 * 1024;

/** The three ways to write an object through the Cloud Storage JSON API: media, multipart, resumable. */
export function uploadRoutes(world: World): readonly Route[] {
  const hasSession = (call: Call): boolean => world.uploads.has(call.query.get("upload_id") ?? "");
  return ["/upload/storage/v1/b/{bucket=*}/o", "/resumable/upload/storage/v1/b/{bucket=*}/o"].flatMap(
    (path) => [
      route("POST", path, (call) => begin(world, call)),
      route(
        "PUT",
        path,
        (call) => (hasSession(call) ? proceed(world, call) : begin(world, call)),
        hasSession,
      ),
      route("DELETE", path, (call) => cancel(world, call), hasSession),
    ],
  );
}

function begin(world: World, call: Call): Answer {
  requireBucket(world, call.param("bucket"));
  const type = call.query.get("uploadType");
  if (type === "media") return written(world, call, {}, media(call));
  if (type === "multipart") return multipart(world, call);
  if (type === "resumable") return beginSession(world, call);
  throw new GoogleError("INVALID_ARGUMENT", "uploadType must be media, multipart or resumable.");
}

function media(call: Call): { contentType: string; bytes: Buffer } {
  return { contentType: call.headers["content-type"] ?? "application/octet-stream", bytes: call.body };
}

function multipart(world: World, call: Call): Answer {
  const [metadata, content] = partsOf(call.headers["content-type"], call.body);
  if (metadata === undefined || content === undefined) {
    throw new GoogleError("INVALID_ARGUMENT", "A multipart upload has two parts: metadata and content.");
  }
  const contentType = content.headers.get("content-type") ?? "application/octet-stream";
  return written(world, call, parseJsonObject(metadata.bytes), { contentType, bytes: content.bytes });
}

function written(
  world: World,
  call: Pick<Call, "param" | "query">,
  metadata: JsonObject,
  content: { contentType: string; bytes: Buffer },
): Answer {
  const bucket = call.param("bucket");
  const name = textIn(metadata, "name") ?? call.query.get("name") ?? "";
  if (name === "" || Buffer.byteLength(name) > 1024) {
    throw new GoogleError("INVALID_ARGUMENT", "The object's name is missing or too long.");
  }
  requirePreconditions(call.query, world.objects.get(`${bucket}/${name}`));
  const proposed = { contentType: content.contentType, ...metadata };
  return { status: 200, body: putObject(world, { bucket, name, metadata: proposed, bytes: content.bytes }) };
}

/** The upload id is a secret: whoever has it may send the bytes, without any other credential. */
function beginSession(world: World, call: Call): Answer {
  const [oldest] = world.uploads.keys();
  if (world.uploads.size >= UPLOADS_OPEN_MAX && oldest !== undefined) world.uploads.delete(oldest);
  const id = `practice-upload-${randomBytes(48).toString("base64url")}`;
  const contentType = call.headers["x-upload-content-type"];
  world.uploads.set(id, {
    bucket: call.param("bucket"),
    metadata: { ...(typeof contentType === "string" ? { contentType } : {}), ...call.json() },
    query: call.query,
    received: [],
  });
  const location = new URL(`https://${call.host}${call.path}`);
  for (const name of ["uploadType", "name"]) {
    const value = call.query.get(name);
    if (value !== null) location.searchParams.set(name, value);
  }
  location.searchParams.set("upload_id", id);
  return {
    status: 200,
    headers: { Location: location.href, "X-GUploader-UploadID": id },
    body: Buffer.alloc(0),
  };
}

function sessionOf(world: World, call: Call): { id: string; session: UploadSession } {
  const id = call.query.get("upload_id") ?? "";
  const session = world.uploads.get(id);
  if (session === undefined || session.bucket !== call.param("bucket")) {
    throw new GoogleError("NOT_FOUND", "There is no such upload.");
  }
  return { id, session };
}

interface ContentRange {
  readonly first: number | undefined;
  readonly total: number | undefined;
}

// Three forms: a range with the total, a range with `*` for a total not known yet, and `*` for the range, which only
// asks how far we are. Without the header, the body is everything.
function contentRangeOf(call: Call): ContentRange {
  const header = call.headers["content-range"];
  if (header === undefined) return { first: 0, total: call.body.length };
  const found = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(header);
  if (found === null) throw new GoogleError("INVALID_ARGUMENT", "Content-Range is malformed.");
  const [, first, last, total] = found;
  if (first !== undefined && Number(last) - Number(first) + 1 !== call.body.length) {
    throw new GoogleError("INVALID_ARGUMENT", "Content-Range does not fit the bytes that arrived.");
  }
  return {
    first: first === undefined ? undefined : Number(first),
    total: total === "*" ? undefined : Number(total),
  };
}

function proceed(world: World, call: Call): Answer {
  const { id, session } = sessionOf(world, call);
  const range = contentRangeOf(call);
  const before = bytesIn(session);
  const isInOrder = range.first === before;
  const isWholeChunk = range.total !== undefined || call.body.length % CHUNK_BYTES === 0;
  if (isInOrder && !isWholeChunk) {
    throw new GoogleError("INVALID_ARGUMENT", "All chunks but the last must be multiples of 256 KiB.");
  }
  const next = isInOrder ? { ...session, received: [...session.received, call.body] } : session;
  world.uploads.set(id, next);
  if (range.total !== bytesIn(next)) return incomplete(bytesIn(next));
  world.uploads.delete(id);
  const content = { contentType: "application/octet-stream", bytes: Buffer.concat(next.received) };
  return written(world, { param: call.param, query: session.query }, session.metadata, content);
}

function bytesIn(session: UploadSession): number {
  return session.received.reduce((sum, chunk) => sum + chunk.length, 0);
}

/** 308 here means "Resume Incomplete"; `Range` says what has arrived, and is absent when nothing has. */
function incomplete(received: number): Answer {
  return {
    status: 308,
    headers: received === 0 ? {} : { Range: `bytes=0-${received - 1}` },
    body: Buffer.alloc(0),
  };
}

function cancel(world: World, call: Call): Answer {
  world.uploads.delete(sessionOf(world, call).id);
  // Cloud Storage answers a cancelled upload with this status of its own.
  return { status: 499, body: Buffer.alloc(0) };
}
