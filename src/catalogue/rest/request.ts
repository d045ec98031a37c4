import type { CanonicalHost } from "../host.ts";
import type { Knowledge } from "../knowledge.ts";
import type { Call, Operation, Resource } from "../operation.ts";
import type { CallLine, Understanding, UnknownCode } from "../understanding.ts";
import type { Parameters } from "./parameters.ts";
import type { Path } from "./path.ts";

/** A request line whose spelling has been accepted. What it means is still open. */
export interface ReadRequest {
  readonly line: CallLine;
  readonly host: CanonicalHost;
  readonly path: Path;
  readonly parameters: Parameters;
  readonly knowledge: Knowledge;
}

export function unknown(code: UnknownCode, detail: string): Understanding {
  return { kind: "unknown", code, detail };
}

/** A path that was accepted has nothing in it that would have to be escaped. */
export function showPath({ text }: Path): string {
  return `"${text.slice(0, 120)}"`;
}

/** What a stranger wrote, fit to be shown: short and without control characters. */
export function show(text: string): string {
  return JSON.stringify(text.slice(0, 120));
}

export function refuseAlt(): Understanding {
  return unknown("parameter_refused", "alt may be json, or media where a method downloads bytes");
}

export function refuseName(): Understanding {
  return unknown("ambiguous_path", "the service account belongs to another project than the path says");
}

export function callOf(
  { host, parameters }: ReadRequest,
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
