import type { RawHeader } from "#lib/headers";
import { canonicalHost, storageHost, wwwHost } from "../host.ts";
import type { Knowledge } from "../knowledge.ts";
import { noResource } from "../resource.ts";
import type { CallLine, Understanding } from "../understanding.ts";
import { jsonCall } from "./json-call.ts";
import { isAltAllowed, isOverrideHeader, parseParameters } from "./parameters.ts";
import { callOf, type ReadRequest, show, unknown } from "./request.ts";
import { isXmlPath } from "./storage-xml.ts";
import { parseTarget } from "./target.ts";
import { xmlCall } from "./xml-call.ts";

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

  const request: ReadRequest = { line, host, path: target.path, parameters, knowledge };
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

function hasOverrideHeader(headers: readonly RawHeader[]): boolean {
  return headers.length > 0 && headers.some(([name]) => isOverrideHeader(name));
}

/** Token endpoints that live on www.googleapis.com, old and new, and the one that tells tokens apart. */
function isTokenPath({ host, path }: ReadRequest): boolean {
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
function discoveryCall(request: ReadRequest): Understanding {
  const operation = request.knowledge.service(wwwHost)?.operation("discovery.apis.getRest");
  if (operation === undefined || request.line.method !== "GET" || !isAltAllowed(request.parameters, false)) {
    return unknown("unknown_method", "only GET /$discovery/rest reads the description of an API");
  }
  return callOf(request, operation, noResource, undefined);
}
