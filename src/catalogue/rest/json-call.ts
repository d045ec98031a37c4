import { headerValues } from "#lib/headers";
import { wwwHost } from "../host.ts";
import { type Call, compareClasses } from "../operation.ts";
import type { CallLine, Understanding } from "../understanding.ts";
import { asksForMedia, isAltAllowed, type Parameters } from "./parameters.ts";
import { fitsTemplate, type Path, pathOf, segmentAt, segmentsOf } from "./path.ts";
import { projectTwice } from "./project-twice.ts";
import { callOf, type ReadRequest, refuseAlt, refuseName, show, showPath, unknown } from "./request.ts";
import { resourceIn } from "./resource-in-path.ts";
import { findRoute, type RouteSearch } from "./route-search.ts";
import { emptyWordList, growRouteTree, type Route, type RouteTree } from "./route-tree.ts";
import { decodeOnce, needsPathLikeId, objectionToPath } from "./target.ts";

/** What a call of a JSON API means. */
export function jsonCall(request: ReadRequest): Understanding {
  const { line, path } = request;
  const objection = objectionToPath(path);
  if (objection !== undefined) return unknown("ambiguous_path", `the path is refused: ${objection}`);
  const search = searchRoutes(request);
  if (search.kind === "none") return noRoute(request, search.why);
  const { tree } = search;
  const route = worstReading(search.route, line.method, search.path);
  if (path.hasEscapes && hidesShape(path) && isWorseDecoded(tree, request, route)) {
    return unknown("ambiguous_path", `decoded early, the path would be a worse call: ${showPath(path)}`);
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
  if (resource === undefined) return refuseName();
  const contradicting = projectTwice(request.parameters, resource);
  if (contradicting !== undefined) {
    return unknown(
      "parameter_refused",
      `the query parameter ${show(contradicting)} names another project than the path`,
    );
  }
  return callOf(request, operation, resource, media);
}

/** Of methods that the same path fits, none before the others, the worst is believed. */
function worstReading(route: Route, method: string, path: Path): Route {
  let worst = route;
  for (const rival of route.rivals) {
    if (rival.method !== method || !fitsTemplate(path, rival.template)) continue;
    if (compareClasses(worst.operation.class, rival.route.operation.class) < 0) worst = rival.route;
  }
  return worst;
}

/** The project a query parameter names where the path does not. */
function projectAsideOf({ projectParameter }: Route, { parameters }: ReadRequest): string | undefined {
  return projectParameter === undefined ? undefined : parameters.values.get(projectParameter);
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

/** Whether undoing escapes could give the path other segments or another verb. What looks like a word of it is told by the search. */
function hidesShape({ text }: Path): boolean {
  return /%(?:2f|25|3a)/i.test(text);
}

/**
 * Whether a server that undoes escapes before it splits the path would see a worse method: `PUT …/o/x%2Facl%2Fy`
 * updates an object of that name, or gives somebody access to the object `x`.
 */
function isWorseDecoded(tree: RouteTree, { line, path }: ReadRequest, route: Route): boolean {
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
  { line, host, path }: ReadRequest,
  why: "no_route" | "unknown_verb" | "look_alike",
): Understanding {
  const shown = showPath(path);
  switch (why) {
    case "no_route":
      return unknown("unknown_method", `${host.service} has no method at ${line.method} ${shown}`);
    case "unknown_verb":
      return unknown("unknown_method", `the path ends in a custom verb that is not known: ${shown}`);
    case "look_alike":
      return unknown("ambiguous_path", `part of the path only looks like a part of the API: ${shown}`);
  }
}

function searchRoutes(request: ReadRequest): RouteSearch {
  const { host, line, path } = request;
  if (host.service === wwwHost) return searchShared(request);
  return findRoute(treeOf(request, host.service), line.method, path);
}

/** `www.googleapis.com/compute/…` is `compute.googleapis.com/compute/…`; so are its media paths. */
function searchShared(request: ReadRequest): RouteSearch {
  const { line, path } = request;
  const shared = findRoute(treeOf(request, wwwHost), line.method, path);
  if (shared.kind === "found") return shared;
  const first = segmentAt(path, 0);
  const prefixes = first === "resumable" ? 2 : first === "upload" || first === "download" ? 1 : 0;
  const name = segmentAt(path, prefixes);
  if (!/^[a-z]+$/.test(name)) return shared;
  return findRoute(treeOf(request, `${name}.googleapis.com`), line.method, path);
}

function treeOf({ knowledge }: ReadRequest, service: string): RouteTree {
  return knowledge.service(service)?.tree ?? emptyTree;
}

const emptyTree = growRouteTree("", [], emptyWordList());

function refuseSlashes(route: Route, path: Path): Understanding | undefined {
  if (!needsPathLikeId(path.text)) return undefined;
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

function refuseParameters(route: Route, { parameters }: ReadRequest): Understanding | undefined {
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

function mediaOf(route: Route, { line, parameters }: ReadRequest): Call["media"] {
  if (route.media === undefined) return asksForMedia(parameters) ? "download" : undefined;
  if (route.media !== "upload") return route.media;
  const asked = [
    parameters.values.get("uploadType"),
    parameters.values.get("upload_protocol"),
    ...headerValues(line.headers, "x-goog-upload-protocol"),
  ];
  return asked.includes("resumable") ? "resumable_upload" : "upload";
}
