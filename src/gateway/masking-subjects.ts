import { headerValues, type RawHeader, singleHeader } from "#lib/headers";
import type { SecretShape } from "#lib/secret-shape";
import type { MaskingSubject } from "#masking";
import type { DataPlanePorts } from "./data-plane-ports.ts";
import type { AnsweredExchange, DecidedRequest, UpstreamAnswer } from "./exchange.ts";

type Ports = Pick<DataPlanePorts, "masking" | "connections">;

/** A request body, as far as people and the record are concerned; what goes upstream is never altered. */
export function requestSubject(request: DecidedRequest, ports: Ports): MaskingSubject {
  return {
    ...common(request, ports),
    direction: "request",
    contentType: singleHeader(request.headers, "content-type"),
    contentEncoding: codingsOf(request.headers),
    shape: request.call.operation.requestSecrets,
    isMedia: isUpload(request),
  };
}

/** `handleField` holds a handle of ours by now: no secret, and useless to the agent if it were masked. */
export function answerSubject(
  { request, answer }: AnsweredExchange,
  ports: Ports,
  handleField: string | undefined,
): MaskingSubject {
  const { responseSecrets } = request.call.operation;
  return {
    ...common(request, ports),
    direction: "answer",
    contentType: singleHeader(answer.headers, "content-type"),
    contentEncoding: codingsOf(answer.headers),
    shape:
      handleField === undefined ? responseSecrets : withoutField(responseSecrets, handleField.split(".")),
    // The same method answers with JSON when it fails.
    isMedia: request.call.media === "download" && answer.status < 300,
    isPartial: isPart(answer),
    isProjected: isProjected(request),
  };
}

/** Content on its way up, and not the JSON that announces it. */
function isUpload({ call, capability }: DecidedRequest): boolean {
  return capability !== undefined || call.media === "upload";
}

/** Whether the agent chose the members of the answer, in any spelling of the field mask that Google knows. */
function isProjected({ call, headers }: DecidedRequest): boolean {
  const parameters = [
    ...[...call.query].map(([name, value]) => ({ name, value })),
    ...[...(call.repeatedQuery?.keys() ?? [])].map((name) => ({ name, value: "" })),
    ...headerValues(headers, "x-goog-fieldmask").map((value) => ({ name: "fields", value })),
  ];
  return parameters.some(
    ({ name, value }) => fieldMasks.has(name.replace(/[$_]/g, "").toLowerCase()) && value !== "*",
  );
}

const fieldMasks: ReadonlySet<string> = new Set(["fields", "fieldmask", "readmask"]);

/** A range may be chosen so that a secret's name lies before it and its value inside. The whole is no part. */
function isPart({ status, headers }: UpstreamAnswer): boolean {
  if (status !== 206) return false;
  const [, last, size] = /^bytes 0-(\d+)\/(\d+)$/.exec(singleHeader(headers, "content-range") ?? "") ?? [];
  return last === undefined || Number(last) + 1 !== Number(size);
}

/** A repeated header is one list (RFC 9110 section 5.3), and a coding of the transfer hides a body just as well. */
function codingsOf(headers: readonly RawHeader[]): string | undefined {
  const codings = [
    ...headerValues(headers, "content-encoding"),
    ...headerValues(headers, "transfer-encoding").filter((coding) => coding.toLowerCase() !== "chunked"),
  ];
  return codings.length === 0 ? undefined : codings.join(", ");
}

function common(
  request: DecidedRequest,
  { masking, connections }: Ports,
): Pick<MaskingSubject, "operation" | "placeholder" | "ownCredentials"> {
  return {
    operation: request.call.operation.id,
    placeholder: masking.placeholder(request.caller.session.id, request.call.resource.name),
    ownCredentials: connections.ownCredentials(),
  };
}

function withoutField(
  shape: SecretShape | undefined,
  [name, ...rest]: readonly string[],
): SecretShape | undefined {
  if (shape === undefined || name === undefined) return shape;
  const fields = new Map(shape.fields);
  const below = fields.get(name);
  const left = typeof below === "object" && rest.length > 0 ? withoutField(below, rest) : undefined;
  if (left === undefined) fields.delete(name);
  else fields.set(name, left);
  return { ...shape, fields };
}
