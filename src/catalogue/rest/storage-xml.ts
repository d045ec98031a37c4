import { headerValues, type RawHeader } from "#lib/headers";
import { isBucketName } from "../host.ts";
import type { Call } from "../operation.ts";
import { normaliseSegment } from "../resource.ts";
import type { Parameters } from "./parameters.ts";
import { isDotSegment } from "./target.ts";

/** A call of Cloud Storage's XML API, in the words of the JSON API. */
export interface XmlCall {
  readonly operationId: string;
  /** `b/BUCKET`, `b/BUCKET/o/NAME`, or "". */
  readonly name: string;
  readonly media: NonNullable<Call["media"]> | undefined;
}

export interface XmlRequest {
  readonly method: string;
  /** Raw path. */
  readonly path: string;
  /** Bucket of a virtual-host style name. */
  readonly bucket: string | undefined;
  readonly parameters: Parameters;
  readonly headers: readonly RawHeader[];
}

/** First segments that belong to other APIs on the same host; below them nothing is a bucket. */
const notBuckets: ReadonlySet<string> = new Set([
  "storage",
  "upload",
  "resumable",
  "download",
  "batch",
  "discovery",
]);

export function isXmlPath(path: string): boolean {
  const first = path.split("/", 2)[1] ?? "";
  return !notBuckets.has(first);
}

/** Parameters that choose pages, versions or billing, never another action. */
const neutral: ReadonlySet<string> = new Set([
  "prefix",
  "delimiter",
  "marker",
  "max-keys",
  "list-type",
  "continuation-token",
  "start-after",
  "fetch-owner",
  "encoding-type",
  "versions",
  "generation",
  "generation-marker",
  "key-marker",
  "version-id-marker",
  "userProject",
  "alt",
  "prettyPrint",
  "projection",
  "$.xgafv",
]);

/** Sub-resources that are a bucket's configuration. */
const configurations: ReadonlySet<string> = new Set([
  "cors",
  "lifecycle",
  "logging",
  "versioning",
  "website",
  "tagging",
  "encryption",
  "billing",
  "storageClass",
  "location",
]);

/** What an XML call means; `undefined` for anything not known to be exactly one thing. */
export function readXmlCall(request: XmlRequest): XmlCall | undefined {
  const place = readPlace(request);
  if (place === undefined || request.parameters.repeated.size > 0) return undefined;
  const { values } = request.parameters;
  const [action, ...others] =
    values.size === 0 ? [] : [...values.keys()].filter((name) => !neutral.has(name));
  // Multipart uploads name a part beside the upload; everything else has one sub-resource at most.
  const isPart =
    action !== undefined && [action, ...others].every((name) => ["uploadId", "partNumber"].includes(name));
  if (others.length > 0 && !isPart) return undefined;
  if (place.bucket === "")
    return request.method === "GET" && action === undefined ? serviceCall() : undefined;
  if (place.object === "") return bucketCall(request.method, action, `b/${place.bucket}`);
  return objectCall(request, isPart ? "uploadId" : action, `b/${place.bucket}/o/${place.object}`);
}

interface Place {
  readonly bucket: string;
  /** Normalised name with `/` written `%2F`. */
  readonly object: string;
}

function readPlace({ path, bucket }: XmlRequest): Place | undefined {
  const segments = path.slice(1).split("/");
  const own = bucket ?? segments.shift() ?? "";
  if (bucket === undefined && own !== "" && !isBucketName(own)) return undefined;
  if (own === "" && segments.length > 0) return undefined;
  // A slash at the end belongs to a bucket or to an object's name. Doubled slashes and dots might be folded by
  // a server on the way, which would then act on another object.
  const named = segments.at(-1) === "" ? segments.slice(0, -1) : segments;
  if (named.some((segment) => segment === "" || isDotSegment(segment))) return undefined;
  return { bucket: own, object: segments.map(normaliseSegment).join("%2F") };
}

function serviceCall(): XmlCall {
  return { operationId: "storage.buckets.list", name: "", media: undefined };
}

function bucketCall(method: string, action: string | undefined, name: string): XmlCall | undefined {
  const operationId = bucketOperation(method, action);
  return operationId === undefined ? undefined : { operationId, name, media: undefined };
}

function bucketOperation(method: string, action: string | undefined): string | undefined {
  if (action === undefined) {
    // No POST: an HTML form may carry a signed policy in its body, a capability nobody issued through us.
    const plain: Readonly<Record<string, string>> = {
      GET: "storage.objects.list",
      HEAD: "storage.buckets.get",
      PUT: "storage.buckets.insert",
      DELETE: "storage.buckets.delete",
    };
    return plain[method];
  }
  if (action === "acl") return aclOperation(method, "storage.bucketAccessControls");
  if (action === "uploads") return method === "GET" ? "storage.objects.list" : undefined;
  if (action === "delete") return method === "POST" ? "storage.objects.delete" : undefined;
  if (!configurations.has(action)) return undefined;
  if (method === "GET") return "storage.buckets.get";
  return method === "PUT" ? "storage.buckets.patch" : undefined;
}

function aclOperation(method: string, collection: string): string | undefined {
  if (method === "GET") return `${collection}.list`;
  return method === "PUT" ? `${collection}.update` : undefined;
}

function objectCall(request: XmlRequest, action: string | undefined, name: string): XmlCall | undefined {
  const { method, headers } = request;
  const of = (operationId: string, media?: XmlCall["media"]): XmlCall => ({ operationId, name, media });
  if (action === "acl") {
    const operationId = aclOperation(method, "storage.objectAccessControls");
    return operationId === undefined ? undefined : of(operationId);
  }
  const isCopy = ["x-goog-copy-source", "x-amz-copy-source"].some(
    (each) => headerValues(headers, each).length > 0,
  );
  if (isCopy) return method === "PUT" && action === undefined ? of("storage.objects.copy") : undefined;
  if (action === "compose") return method === "PUT" ? of("storage.objects.compose") : undefined;
  if (action === "uploads") return method === "POST" ? of("storage.objects.insert") : undefined;
  if (action === "uploadId") return multipartCall(method, of);
  if (action !== undefined) return undefined;
  switch (method) {
    case "GET":
      return of("storage.objects.get", "download");
    case "HEAD":
      return of("storage.objects.get");
    case "PUT":
      return of("storage.objects.insert", "upload");
    case "DELETE":
      return of("storage.objects.delete");
    case "POST":
      return startsResumable(headers) ? of("storage.objects.insert", "resumable_upload") : undefined;
    default:
      return undefined;
  }
}

/** Parts of an XML multipart upload, which need a bearer token like any other call. */
function multipartCall(
  method: string,
  of: (operationId: string, media?: XmlCall["media"]) => XmlCall,
): XmlCall | undefined {
  if (method === "PUT") return of("storage.objects.insert", "upload");
  if (method === "POST" || method === "GET") return of("storage.objects.insert");
  // Aborting an upload; were the upload id ignored, it would be a deletion.
  return method === "DELETE" ? of("storage.objects.delete") : undefined;
}

function startsResumable(headers: readonly RawHeader[]): boolean {
  const [value, ...more] = headerValues(headers, "x-goog-resumable");
  return value === "start" && more.length === 0;
}
