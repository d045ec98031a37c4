import { headerValues } from "#lib/headers";
import { storageHost } from "../host.ts";
import { resourceOf } from "../resource.ts";
import type { Understanding } from "../understanding.ts";
import { isAltAllowed } from "./parameters.ts";
import { type ReadRequest, refuseAlt, refuseName, showPath, unknown } from "./request.ts";
import { readXmlCall } from "./storage-xml.ts";

/** What a call of Cloud Storage's XML API means, in the words of the JSON API. */
export function xmlCall(request: ReadRequest): Understanding {
  const { line, host, path, parameters } = request;
  const xml = readXmlCall({ ...line, path: path.text, bucket: host.bucket, parameters });
  const operation = xml && request.knowledge.service(storageHost)?.operation(xml.operationId);
  if (xml === undefined || operation === undefined) {
    return unknown(
      "unknown_method",
      `no method of the Cloud Storage XML API is ${line.method} ${showPath(path)}`,
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
  if (resource === undefined) return refuseName();
  return {
    kind: "call",
    call: {
      operation,
      resource,
      host: host.host,
      query: parameters.values,
      repeatedQuery: parameters.repeated,
      media: xml.media,
      isXml: true,
    },
  };
}
