import { headerValues } from "#lib/headers";
import { type CanonicalHost, canonicalHost, storageHost, wwwHost } from "./host.ts";
import type { Call, Operation } from "./operation.ts";
import {
  asksForMedia,
  isAltAllowed,
  isOverrideHeader,
  type Parameters,
  parseParameters,
} from "./parameters.ts";
import { endsInLiteral, resourceName, resourceOf } from "./resource.ts";
import { compareClasses, findRoute, type Route, type RouteTree } from "./route-tree.ts";
import { isXmlPath, readXmlCall } from "./storage-xml.ts";
import { decodeOnce, needsPathLikeId, parseTarget, splitPath } from "./target.ts";
import type { CallLine, Understanding, UnknownCode } from "./understanding.ts";

/** What understanding needs to know; built once from the generated files. */
export interface Knowledge {
  /** Hosts of all services, those that only hand out tokens included. */
  readonly services: ReadonlySet<string>;
  /** By service host. */
  readonly trees: ReadonlyMap<string, RouteTree>;
  readonly operation: (id: string) => Operation | undefined;
}

/** Hosts whose business is tokens. Answered by Gatehouse itself or refused, never forwarded. */
export const tokenHosts: readonly string[] = ["sts.googleapis.com", "oauth2.googleapis.com"];

const methods: ReadonlySet<string> = new Set(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]);

/** The one parser: what it says a call is, is what is judged, and the bytes it read are the bytes that are forwarded. */
export function understand(line: CallLine, knowledge: Knowledge): Understanding {
  const host = canonicalHost(line.host, knowledge.services);
  if (host === undefined)
    return unknown("unknown_host", `${show(line.host)} is not the host of a known Google API`);
  if (!methods.has(line.method))
    return unknown("unknown_method", `${show(line.method)} is no method of a Google API`);
  if (line.headers.some(([name]) => isOverrideHeader(name))) {
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
  if (tokenHosts.includes(host.service) || isTokenPath(request)) return refuseToken();
  if (parameters.areCapability) return { kind: "session_url", host: host.host };
  if (/^\/batch(?:\/|$)/.test(target.path)) return refuseBatch();
  if (target.path === "/$discovery/rest" && host.bucket === undefined) return discoveryCall(request);
  if (host.service === storageHost && (host.bucket !== undefined || isXmlPath(target.path)))
    return xmlCall(request);
  return jsonCall(request);
}

interface Request {
  readonly line: CallLine;
  readonly host: CanonicalHost;
  readonly path: string;
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
  return host.service === wwwHost && /^\/oauth2\/v\d\w*\/(?:token|tokeninfo|revoke)(?:$|\/)/.test(path);
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
  const operation = request.knowledge.operation("discovery.apis.getRest");
  if (operation === undefined || request.line.method !== "GET" || !isAltAllowed(request.parameters, false)) {
    return unknown("unknown_method", "only GET /$discovery/rest reads the description of an API");
  }
  return finish(request, {
    operation,
    name: "",
    endsInLiteral: false,
    media: undefined,
    projectAside: undefined,
  });
}

function xmlCall(request: Request): Understanding {
  const { line, host, path, parameters } = request;
  const xml = readXmlCall({ ...line, path, bucket: host.bucket, parameters });
  const operation = xml && request.knowledge.operation(xml.operationId);
  if (xml === undefined || operation === undefined) {
    return unknown(
      "unknown_method",
      `no method of the Cloud Storage XML API is ${line.method} ${show(path)}`,
    );
  }
  if (!isAltAllowed(parameters, xml.media === "download")) return refuseAlt();
  const projects = headerValues(line.headers, "x-goog-project-id");
  if (projects.length > 1) return unknown("parameter_refused", "the header x-goog-project-id is there twice");
  // The header counts where it decides. Elsewhere an agent could claim an allowed project for a foreign bucket.
  const isDecisive = ["storage.buckets.list", "storage.buckets.insert"].includes(operation.id);
  const understood = finish(request, {
    operation,
    name: xml.name,
    endsInLiteral: false,
    media: xml.media,
    projectAside: isDecisive ? projects[0] : undefined,
  });
  return understood.kind === "call"
    ? { ...understood, call: { ...understood.call, isXml: true } }
    : understood;
}

function refuseAlt(): Understanding {
  return unknown("parameter_refused", "alt may be json, or media where a method downloads bytes");
}

function jsonCall(request: Request): Understanding {
  const { line, path } = request;
  const segments = splitPath(path);
  if (typeof segments === "string") return unknown("ambiguous_path", `the path is refused: ${segments}`);
  const tree = treeFor(request, segments);
  if (tree === undefined) return noRoute(request);
  const search = findRoute(tree, line.method, segments);
  if (search.kind === "none") {
    switch (search.why) {
      case "no_route":
        return noRoute(request);
      case "unknown_verb":
        return unknown("unknown_method", `the path ends in a custom verb that is not known: ${show(path)}`);
      case "look_alike":
        return unknown("ambiguous_path", `part of the path only looks like a part of the API: ${show(path)}`);
    }
  }
  if (isWorseDecoded(tree, request, search.route)) {
    return unknown("ambiguous_path", `decoded early, the path would be a worse call: ${show(path)}`);
  }
  const objection = objectionToRoute(search.route, segments, request.parameters);
  if (objection !== undefined) return objection;
  const media = mediaOf(search.route, request);
  if (media !== "upload" && carriesForm(line)) {
    return unknown(
      "parameter_refused",
      "a form in the body carries parameters nobody would judge; send JSON",
    );
  }
  return finish(request, {
    operation: search.route.operation,
    name: resourceName(search.segments, search.route.template),
    endsInLiteral: endsInLiteral(search.route.template),
    media,
    projectAside: request.parameters.values.get(search.route.projectParameter ?? ""),
  });
}

/** Google's servers read a form as they read the query, system parameters such as `alt` and `access_token` included. */
function carriesForm({ headers }: CallLine): boolean {
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
  let text = path;
  // Three rounds: escapes of escapes of escapes are what scanners try.
  for (let round = 0; round < 3 && text.includes("%"); round++) {
    text = decodeOnce(text);
    const segments = splitPath(text);
    const search = typeof segments === "string" ? undefined : findRoute(tree, line.method, segments);
    if (search?.kind === "found" && compareClasses(route.operation.class, search.route.operation.class) < 0)
      return true;
  }
  return false;
}

function noRoute({ line, host, path }: Request): Understanding {
  return unknown("unknown_method", `${host.service} has no method at ${line.method} ${show(path)}`);
}

/** `www.googleapis.com/compute/…` is `compute.googleapis.com/compute/…`; so are its media paths. */
function treeFor({ host, knowledge }: Request, segments: readonly string[]): RouteTree | undefined {
  if (host.service !== wwwHost) return knowledge.trees.get(host.service);
  const prefixes =
    segments[0] === "resumable" ? 2 : ["upload", "download"].includes(segments[0] ?? "") ? 1 : 0;
  const name = segments[prefixes] ?? "";
  const tree = /^[a-z]+$/.test(name) ? knowledge.trees.get(`${name}.googleapis.com`) : undefined;
  return tree ?? knowledge.trees.get(wwwHost);
}

function objectionToRoute(
  route: Route,
  segments: readonly string[],
  parameters: Parameters,
): Understanding | undefined {
  for (const [index, segment] of segments.entries()) {
    if (needsPathLikeId(segment) && !route.slashes.has(segments[index - 1] ?? "")) {
      return unknown(
        "ambiguous_path",
        `an encoded slash, percent sign or semicolon has no place in ${show(segment)}`,
      );
    }
  }
  for (const name of parameters.repeated.keys()) {
    if (!route.repeated.has(name))
      return unknown("parameter_refused", `the query parameter ${show(name)} is there twice`);
  }
  const mayDownload = route.operation.flags.includes("media_download") && route.media !== "upload";
  if (!isAltAllowed(parameters, mayDownload)) return refuseAlt();
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
  if (route.media === undefined && asksForMedia(parameters)) return "download";
  if (route.media !== "upload") return route.media;
  const asked = [
    parameters.values.get("uploadType"),
    parameters.values.get("upload_protocol"),
    ...headerValues(line.headers, "x-goog-upload-protocol"),
  ];
  return asked.includes("resumable") ? "resumable_upload" : "upload";
}

interface Reading {
  readonly operation: Operation;
  readonly name: string;
  readonly endsInLiteral: boolean;
  readonly media: Call["media"];
  readonly projectAside: string | undefined;
}

function finish({ host, parameters }: Request, reading: Reading): Understanding {
  const resource = resourceOf(reading.name, {
    ...reading,
    service: reading.operation.service,
    location: host.location,
  });
  if (resource === undefined) {
    return unknown("ambiguous_path", "the service account belongs to another project than the path says");
  }
  const call: Call = {
    operation: reading.operation,
    resource,
    host: host.host,
    query: parameters.values,
    repeatedQuery: parameters.repeated,
    media: reading.media,
  };
  return { kind: "call", call };
}
