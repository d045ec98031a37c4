import { GoogleError } from "../google-error.ts";
import { type JsonObject, objectIn, ownText } from "../json.ts";
import { pageOf } from "../page.ts";
import { type Answer, type Call, type Route, route } from "../router.ts";
import { putObject, requireBucket, requirePreconditions, storedObject } from "../stored-object.ts";
import { now, type StoredObject, type World } from "../world.ts";

/** The objects of the Cloud Storage JSON API v1, save for uploads. */
export function objectRoutes(world: World): readonly Route[] {
  const objects = "/storage/v1/b/{bucket=*}/o";
  const one = `${objects}/{object=*}`;
  const ok = (body: JsonObject): Answer => ({ status: 200, body });
  return [
    route("GET", objects, (call) => ok(list(world, call))),
    route("GET", one, (call) =>
      call.query.get("alt") === "media" ? media(world, call) : ok(checked(world, call).resource),
    ),
    route("GET", `/download${one}`, (call) => media(world, call)),
    route("PATCH", one, (call) => ok(patch(world, call))),
    route("DELETE", one, (call) => remove(world, call)),
    route("POST", `${one}/rewriteTo/b/{toBucket=*}/o/{toObject=*}`, (call) => ok(rewrite(world, call))),
    route("POST", `${one}/copyTo/b/{toBucket=*}/o/{toObject=*}`, (call) => ok(copy(world, call))),
  ];
}

function objectOf(world: World, call: Call): StoredObject {
  requireBucket(world, call.param("bucket"));
  return storedObject(world, call, call.param("bucket"), call.param("object"));
}

function checked(world: World, call: Call): StoredObject {
  const found = objectOf(world, call);
  requirePreconditions(call.query, found);
  return found;
}

/** Names sort by bytes; with a delimiter, what shares the next piece of its name folds into one prefix. */
function list(world: World, call: Call): JsonObject {
  requireBucket(world, call.param("bucket"));
  const prefix = call.query.get("prefix") ?? "";
  const delimiter = call.query.get("delimiter") ?? "";
  const found = [...world.objects.values()]
    .map(({ resource }) => resource)
    .filter((each) => each["bucket"] === call.param("bucket") && ownText(each, "name").startsWith(prefix))
    .sort((one, other) => Buffer.compare(nameBytes(one), nameBytes(other)));
  const folded = new Map<string, JsonObject | undefined>();
  for (const each of found) {
    const name = ownText(each, "name");
    const end = delimiter === "" ? -1 : name.indexOf(delimiter, prefix.length);
    if (end < 0) folded.set(name, each);
    else folded.set(name.slice(0, end + delimiter.length), folded.get(name.slice(0, end + delimiter.length)));
  }
  const { items, ...rest } = pageOf([...folded], call);
  const prefixes = items.filter(([, each]) => each === undefined).map(([name]) => name);
  return {
    kind: "storage#objects",
    items: items.flatMap(([, each]) => (each === undefined ? [] : [each])),
    ...(prefixes.length === 0 ? {} : { prefixes }),
    ...rest,
  };
}

function nameBytes(resource: JsonObject): Buffer {
  return Buffer.from(ownText(resource, "name"));
}

function media(world: World, call: Call): Answer {
  const { resource, bytes } = checked(world, call);
  const headers = {
    "Content-Type": ownText(resource, "contentType"),
    "X-Goog-Generation": ownText(resource, "generation"),
    "X-Goog-Metageneration": ownText(resource, "metageneration"),
    "X-Goog-Storage-Class": "STANDARD",
    "X-Goog-Hash": `crc32c=${ownText(resource, "crc32c")},md5=${ownText(resource, "md5Hash")}`,
    "X-Goog-Stored-Content-Length": String(bytes.length),
    ETag: `"${ownText(resource, "etag")}"`,
    "Accept-Ranges": "bytes",
  };
  const range = rangeOf(call.headers.range, bytes.length);
  if (range === undefined) return { status: 200, headers, body: bytes };
  return {
    status: 206,
    headers: { ...headers, "Content-Range": `bytes ${range.first}-${range.last}/${bytes.length}` },
    body: bytes.subarray(range.first, range.last + 1),
  };
}

/** RFC 9110 section 14.1.2, one range only; anything unreadable is ignored, as the RFC allows. */
function rangeOf(header: string | undefined, size: number): { first: number; last: number } | undefined {
  const found = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (found === null || header === "bytes=-") return undefined;
  const [, from = "", to = ""] = found;
  const first = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === "" || to === "" ? size - 1 : Math.min(Number(to), size - 1);
  if (first >= size || first > last) {
    throw new GoogleError("OUT_OF_RANGE", "The requested range cannot be satisfied.");
  }
  return { first, last };
}

function patch(world: World, call: Call): JsonObject {
  const { resource, bytes } = checked(world, call);
  const proposed = call.json();
  const metageneration = String(Number(resource["metageneration"]) + 1);
  const changed: JsonObject = {
    ...resource,
    ...Object.fromEntries(Object.entries(proposed).filter(([key]) => writable.includes(key))),
    metadata: { ...objectIn(resource, "metadata"), ...objectIn(proposed, "metadata") },
    metageneration,
    etag: Buffer.from(`${ownText(resource, "generation")}/${metageneration}`).toString("base64"),
    updated: now(world),
  };
  world.objects.set(`${call.param("bucket")}/${call.param("object")}`, { resource: changed, bytes });
  return changed;
}

const writable: readonly string[] = [
  "cacheControl",
  "contentDisposition",
  "contentEncoding",
  "contentLanguage",
  "contentType",
  "customTime",
  "temporaryHold",
];

function remove(world: World, call: Call): Answer {
  checked(world, call);
  world.objects.delete(`${call.param("bucket")}/${call.param("object")}`);
  return { status: 204 };
}

function copy(world: World, call: Call): JsonObject {
  const { resource, bytes } = objectOf(world, call);
  const bucket = call.param("toBucket");
  const name = call.param("toObject");
  requireBucket(world, bucket);
  requirePreconditions(call.query, world.objects.get(`${bucket}/${name}`));
  const kept = Object.fromEntries(Object.entries(resource).filter(([key]) => writable.includes(key)));
  return putObject(world, { bucket, name, metadata: { ...kept, ...call.json() }, bytes });
}

function rewrite(world: World, call: Call): JsonObject {
  const resource = copy(world, call);
  const size = resource["size"] ?? "0";
  return {
    kind: "storage#rewriteResponse",
    totalBytesRewritten: size,
    objectSize: size,
    done: true,
    resource,
  };
}
