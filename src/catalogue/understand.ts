import { headerValues, type RawHeader } from "#lib/headers";
import { type CanonicalHost, canonicalHost, type KnownHosts, storageHost, wwwHost } from "./host.ts";
import { type Call, compareClasses, type Operation, type Resource } from "./operation.ts";
import {
  asksForMedia,
  isAltAllowed,
  isOverrideHeader,
  type Parameters,
  parseParameters,
} from "./parameters.ts";
import { type Path, pathOf, segmentAt, segmentsOf } from "./path.ts";
import { noResource, resourceIn, resourceOf } from "./resource.ts";
import { findRoute, type RouteSearch } from "./route-search.ts";
import { emptyWordList, growRouteTree, type Route, type RouteTree } from "./route-tree.ts";
import { isXmlPath, readXmlCall } from "./storage-xml.ts";
import { decodeOnce, needsPathLikeId, objectionToPath, parseTarget } from "./target.ts";
import type { CallLine, Understanding, UnknownCode } from "./understanding.ts";

/** What understanding needs to know of the committed catalogue. */
export interface Knowledge extends KnownHosts {
  /** By service host. */
  readonly service: (host: string) => Service | undefined;
}

/** What is known of one host. */
export interface Service {
  readonly tree: RouteTree;
  /** By id; the worst of its versions. */
  readonly operation: (id: string) => Operation | undefined;
}

/** Hosts whose business is tokens. Answered by Gatehouse itself or refused, never forwarded. */
export const tokenHosts: readonly string[] = ["sts.googleapis.com", "oauth2.googleapis.com"];

/** The one parser: what it says a call is, is what is judged, and the bytes it read are the bytes that are forwarded. */
export function understand(line: CallLine, knowledge: Knowledge): Understanding {
  const host = canonicalHost(line.host, knowledge);
  if (host === undefined)
    return unknown("unknown_host", `${show(line.host)} is not the host of a known Google API`);
  if (!isMethod(line.method))
    return unknown("unknown_method", `${show(line.method)} is no method of a Google API`);
  if (hasOverrideHeader(line.headers)) {
    return unknown(
      "override_refused",
      "a method override header would make the call another one; send the real method",
    );
  }
  const target = parseTarget(line.target);
  if (typeof target === "string")
    return unknown("ambiguous_path", `the request target is refused: ${target}`);
  const parameters = parseParameters(target.query);
  if ("code" in parameters) return unknown(parameters.code, parameters.detail);

  const request: Request = { line, host, path: target.path, parameters, knowledge };
  const { text } = target.path;
  if (tokenHosts.includes(host.service) || isTokenPath(request)) return refuseToken();
  if (parameters.areCapability) return { kind: "session_url", host: host.host };
  if (text.startsWith("/batch") && /^\/batch(?:\/|$)/.test(text)) return refuseBatch();
  if (text === "/$discovery/rest" && host.bucket === undefined) return discoveryCall(request);
  if (host.service === storageHost && (host.bucket !== undefined || isXmlPath(text))) return xmlCall(request);
  return jsonCall(request);
}

function isMethod(text: string): boolean {
  switch (text) {
    case "GET":
    case "POST":
    case "PUT":
    case "PATCH":
    case "DELETE":
    case "HEAD":
      return true;
    default:
      return false;
  }
}

interface Request {
  readonly line: CallLine;
  readonly host: CanonicalHost;
  readonly path: Path;
  readonly parameters: Parameters;
  readonly knowledge: Knowledge;
}

function unknown(code: UnknownCode, detail: string): Understanding {
  return { kind: "unknown", code, detail };
}

/** What a stranger wrote, fit to be shown: short and without control characters. */
function show(text: string): string {
  return JSON.stringify(text.slice(0, 120));
}

/** Token endpoints that live on www.googleapis.com, old and new, and the one that tells tokens apart. */
function isTokenPath({ host, path }: Request): boolean {
  return host.service === wwwHost && /^\/oauth2\/v\d\w*\/(?:token|tokeninfo|revoke)(?:$|\/)/.test(path.text);
}

function refuseToken(): Understanding {
  return unknown(
    "token_endpoint",
    "tokens of Google are not handed out through Gatehouse; the call needs only the gateway token it already has",
  );
}

function refuseBatch(): Understanding {
  return unknown(
    "batch_refused",
    "batch requests are not taken yet, because each call in them must be judged by itself; send the calls one by one " +
      "(with gcloud: name one resource per command)",
  );
}

/** The public description of an API, which clients such as bq fetch from the API's own host. */
function discoveryCall(request: Request): Understanding {
  const operation = request.knowledge.service(wwwHost)?.operation("discovery.apis.getRest");
  if (operation === undefined || request.line.method !== "GET" || !isAltAllowed(request.parameters, false)) {
    return unknown("unknown_method", "only GET /$discovery/rest reads the description of an API");
  }
  return callOf(request, operation, noResource, undefined);
}

function xmlCall(request: Request): Understanding {
  const { line, host, path, parameters } = request;
  const xml = readXmlCall({ ...line, path: path.text, bucket: host.bucket, parameters });
  const operation = xml && request.knowledge.service(storageHost)?.operation(xml.operationId);
  if (xml === undefined || operation === undefined) {
    return unknown(
      "unknown_method",
      `no method of the Cloud Storage XML API is ${line.method} ${show(path.text)}`,
    );
  }
  if (!isAltAllowed(parameters, xml.media === "download")) return refuseAlt();
  const projects = headerValues(line.headers, "x-goog-project-id");
  if (projects.length > 1) return unknown("parameter_refused", "the header x-goog-project-id is there twice");
  // The header counts where it decides. Elsewhere an agent could claim an allowed project for a foreign bucket.
  const isDecisive = ["storage.buckets.list", "storage.buckets.insert"].includes(operation.id);
  const resource = resourceOf(xml.name === "" ? [] : xml.name.split("/"), {
    service: operation.service,
    location: host.location,
    projectAside: isDecisive ? projects[0] : undefined,
    endsInLiteral: false,
  });
  return resource === undefined ? refuseName() : callOf(request, operation, resource, xml.media);
}

function refuseAlt(): Understanding {
  return unknown("parameter_refused", "alt may be json, or media where a method downloads bytes");
}

function jsonCall(request: Request): Understanding {
  const { line, path } = request;
  const objection = objectionToPath(path);
  if (objection !== undefined) return unknown("ambiguous_path", `the path is refused: ${objection}`);
  const search = searchRoutes(request);
  if (search.kind === "none") return noRoute(request, search.why);
  const { route, tree } = search;
  if (path.hasEscapes && isWorseDecoded(tree, request, route)) {
    return unknown("ambiguous_path", `decoded early, the path would be a worse call: ${show(path.text)}`);
  }
  const refusal =
    (path.hasEscapes ? refuseSlashes(route, path) : undefined) ?? refuseParameters(route, request);
  if (refusal !== undefined) return refusal;
  const media = mediaOf(route, request);
  if (media !== "upload" && carriesForm(line)) {
    return unknown(
      "parameter_refused",
      "a form in the body carries parameters nobody would judge; send JSON",
    );
  }
  const { operation } = route;
  const origin =
    tree.service === request.host.service ? request.host : { ...request.host, service: tree.service };
  const resource = resourceIn(search.path, route.resource, origin, projectAsideOf(route, request));
  return resource === undefined ? refuseName() : callOf(request, operation, resource, media);
}

/** The project a query parameter names where the path does not. */
function projectAsideOf({ projectParameter }: Route, { parameters }: Request): string | undefined {
  return projectParameter === undefined ? undefined : parameters.values.get(projectParameter);
}

function hasOverrideHeader(headers: readonly RawHeader[]): boolean {
  return headers.length > 0 && headers.some(([name]) => isOverrideHeader(name));
}

/** Google's servers read a form as they read the query, system parameters such as `alt` and `access_token` included. */
function carriesForm({ headers }: CallLine): boolean {
  if (headers.length === 0) return false;
  const isEmpty =
    headerValues(headers, "transfer-encoding").length === 0 &&
    headerValues(headers, "content-length").every((length) => Number(length) === 0);
  return (
    !isEmpty &&
    headerValues(headers, "content-type").some((type) =>
      /^\s*(?:application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(type),
    )
  );
}

/**
 * Whether a server that undoes escapes before it splits the path would see a worse method: `PUT …/o/x%2Facl%2Fy`
 * updates an object of that name, or gives somebody access to the object `x`.
 */
function isWorseDecoded(tree: RouteTree, { line, path }: Request, route: Route): boolean {
  let text = path.text;
  // Three rounds: escapes of escapes of escapes are what scanners try.
  for (let round = 0; round < 3 && text.includes("%"); round++) {
    text = decodeOnce(text);
    const decoded = pathOf(text);
    const search = objectionToPath(decoded) === undefined ? findRoute(tree, line.method, decoded) : undefined;
    if (search?.kind === "found" && compareClasses(route.operation.class, search.route.operation.class) < 0)
      return true;
  }
  return false;
}

function noRoute(
  { line, host, path }: Request,
  why: "no_route" | "unknown_verb" | "look_alike",
): Understanding {
  const shown = show(path.text);
  switch (why) {
    case "no_route":
      return unknown("unknown_method", `${host.service} has no method at ${line.method} ${shown}`);
    case "unknown_verb":
      return unknown("unknown_method", `the path ends in a custom verb that is not known: ${shown}`);
    case "look_alike":
      return unknown("ambiguous_path", `part of the path only looks like a part of the API: ${shown}`);
  }
}

function searchRoutes(request: Request): RouteSearch {
  const { host, line, path } = request;
  if (host.service === wwwHost) return searchShared(request);
  return findRoute(treeOf(request, host.service), line.method, path);
}

/** `www.googleapis.com/compute/…` is `compute.googleapis.com/compute/…`; so are its media paths. */
function searchShared(request: Request): RouteSearch {
  const { line, path } = request;
  const shared = findRoute(treeOf(request, wwwHost), line.method, path);
  if (shared.kind === "found") return shared;
  const first = segmentAt(path, 0);
  const prefixes = first === "resumable" ? 2 : first === "upload" || first === "download" ? 1 : 0;
  const name = segmentAt(path, prefixes);
  if (!/^[a-z]+$/.test(name)) return shared;
  return findRoute(treeOf(request, `${name}.googleapis.com`), line.method, path);
}

function treeOf({ knowledge }: Request, service: string): RouteTree {
  return knowledge.service(service)?.tree ?? emptyTree;
}

const emptyTree = growRouteTree("", [], emptyWordList());

function refuseSlashes(route: Route, path: Path): Understanding | undefined {
  const segments = segmentsOf(path);
  const misplaced = segments.find(
    (segment, index) => needsPathLikeId(segment) && !route.slashes.has(segments[index - 1] ?? ""),
  );
  if (misplaced === undefined) return undefined;
  return unknown(
    "ambiguous_path",
    `an encoded slash, percent sign or semicolon has no place in ${show(misplaced)}`,
  );
}

function refuseParameters(route: Route, { parameters }: Request): Understanding | undefined {
  if (parameters.values.size === 0 && parameters.repeated.size === 0) return undefined;
  for (const name of parameters.repeated.keys()) {
    if (!route.repeated.has(name))
      return unknown("parameter_refused", `the query parameter ${show(name)} is there twice`);
  }
  if (!isAltAllowed(parameters, route.isDownload && route.media !== "upload")) return refuseAlt();
  return uploadTypesHold(route, parameters)
    ? undefined
    : unknown("parameter_refused", "uploadType may be media, multipart or resumable");
}

function uploadTypesHold(route: Route, parameters: Parameters): boolean {
  if (route.media !== "upload" && route.media !== "resumable_upload") return true;
  const types = [parameters.values.get("uploadType"), parameters.values.get("upload_protocol")];
  return types.every(
    (type) => type === undefined || ["media", "raw", "multipart", "resumable"].includes(type),
  );
}

function mediaOf(route: Route, { line, parameters }: Request): Call["media"] {
  if (route.media === undefined) return asksForMedia(parameters) ? "download" : undefined;
  if (route.media !== "upload") return route.media;
  const asked = [
    parameters.values.get("uploadType"),
    parameters.values.get("upload_protocol"),
    ...headerValues(line.headers, "x-goog-upload-protocol"),
  ];
  return asked.includes("resumable") ? "resumable_upload" : "upload";
}

function refuseName(): Understanding {
  return unknown("ambiguous_path", "the service account belongs to another project than the path says");
}

function callOf(
  { host, parameters }: Request,
  operation: Operation,
  resource: Resource,
  media: Call["media"],
): Understanding {
  const call: Call = {
    operation,
    resource,
    host: host.host,
    query: parameters.values,
    repeatedQuery: parameters.repeated,
    media,
  };
  return { kind: "call", call };
}
