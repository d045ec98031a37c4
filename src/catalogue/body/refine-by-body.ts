import type { Call, Operation, OperationFlag } from "../operation.ts";
import { compareClasses } from "../operation.ts";
import type { BodyRule } from "./body-rule.ts";
import { Doubt, doubt } from "./doubt.ts";
import { type Json, parseJson } from "./json.ts";
import { type Judgement, worstCase } from "./judgement.ts";
import { namesOf } from "./members.ts";
import { firstPart } from "./multipart.ts";
import type { RequestBody } from "./request-body.ts";
import { ruleFor } from "./rules.ts";

/**
 * Whether the body says what a call does. Bytes of an upload do not, but what stands before them in a multipart body does,
 * and so does the start of a resumable upload, which is JSON like any other. In the XML of Cloud Storage only access lists
 * and lifecycle rules matter, and the request line says that they are set.
 */
export function bodyMatters(call: Call, contentType?: string): boolean {
  const { operation, media, isXml } = call;
  if (isXml === true) return setsLifecycle(call);
  if (ruleFor(operation) === undefined || media === "download") return false;
  return media !== "upload" || isMultipart(call, contentType);
}

/** Said by the query or the content type; where only one of them says so, nobody knows which of them Google believes. */
function isMultipart({ query, media }: Call, contentType: string | undefined): boolean {
  if (media !== "upload") return false;
  const asked = [query.get("uploadType"), query.get("upload_protocol")];
  return asked.includes("multipart") || /multipart\//i.test(contentType ?? "");
}

function setsLifecycle({ operation, query }: Call): boolean {
  return operation.id === "storage.buckets.patch" && query.has("lifecycle");
}

/** The call with the class, reason and flags its body gives it; nothing else of it changes. The same operation if nothing does. */
export function refineByBody(call: Call, body: RequestBody): Call {
  const rule = bodyMatters(call, body.contentType) ? ruleFor(call.operation) : undefined;
  if (rule === undefined) return call;
  if (call.isXml === true)
    return { ...call, operation: add(call, xmlLifecycle, { class: "destructive", flags: [] }) };
  const judged = judge(call, body, rule);
  return {
    ...call,
    operation: rule.worst === undefined ? replace(call, judged) : add(call, judged, rule.worst),
  };
}

const xmlLifecycle = worstCase("it sets lifecycle rules in XML, which may delete objects");

function judge(call: Call, body: RequestBody, rule: BodyRule): Judgement {
  try {
    return rule.judge(parse(call, body, rule), call);
  } catch (error) {
    if (!(error instanceof Doubt)) throw error;
    return { ...worstCase(error.message), class: rule.unread };
  }
}

function parse(call: Call, body: RequestBody, rule: BodyRule): Json {
  requirePlainQuery(call, rule);
  if (body.contentEncodings.some((coding) => coding.trim().toLowerCase() !== "identity")) {
    throw doubt("it is compressed");
  }
  if (!isMultipart(call, body.contentType)) return parseDocument(body, rule);
  const bytes = body.bytes ?? body.beginning;
  if (bytes === undefined) throw doubt("it is too long to be read");
  return parseDocument(firstPart(body.contentType, bytes), rule);
}

function parseDocument(
  { contentType, bytes }: Pick<RequestBody, "contentType" | "bytes">,
  rule: BodyRule,
): Json {
  if (bytes === undefined) throw doubt("it is too long to be read");
  if (bytes.length === 0) {
    if (rule.worst !== undefined) return new Map();
    throw doubt("there is none");
  }
  // Where a body can only add, one that says nothing about itself is read as what Google takes it for.
  const isUnnamed = rule.worst !== undefined && contentType === undefined;
  if (!isUnnamed && !isOfType(contentType, rule)) throw doubt("its content type is not the one that is read");
  return parseJson(bytes);
}

function isOfType(contentType: string | undefined, { mediaTypes }: BodyRule): boolean {
  const [, type = ""] =
    /^\s*([\w.+/-]+)\s*(?:;\s*charset\s*=\s*"?utf-?8"?\s*)?$/i.exec(contentType ?? "") ?? [];
  return mediaTypes.includes(type.toLowerCase());
}

// Those of all APIs, and ids by which a client finds its own request again.
const plainParameters = namesOf(
  "alt $alt prettyPrint $prettyPrint quotaUser $quotaUser fields $fields userProject $userProject $.xgafv requestId " +
    "clientOperationId",
);

const uploadParameters = namesOf("uploadType upload_protocol");

/**
 * Google's servers fill a request from the query too: a parameter that is not one of the system's may be part of it. Where
 * the body only adds, the method has parameters of its own, and only what looks like a member that is judged is refused.
 */
function requirePlainQuery({ query, repeatedQuery, media }: Call, { worst }: BodyRule): void {
  const isPlain = (name: string): boolean => {
    if (worst !== undefined) return !judgedMember.test(name);
    return plainParameters.has(name) || (media !== undefined && uploadParameters.has(name));
  };
  if (![...query.keys(), ...(repeatedQuery?.keys() ?? [])].every(isPlain)) {
    throw doubt("a query parameter may be part of the request");
  }
}

const judgedMember =
  /^\W*(?:acl|default_?object_?acl|lifecycle|iam_?configuration|destination|entity|role|policy|bindings|resource|body)(?:\W|$)/i;

/** The method's class is the worst case: it stands unless all of the body was understood. */
function replace({ operation }: Call, judged: Judgement): Operation {
  if (!judged.isWorstCase) {
    const kept = operation.flags.filter((flag) => !acting.includes(flag));
    return {
      ...operation,
      class: judged.class,
      classReason: `its body says so: ${judged.reason}`,
      flags: union(kept, judged.flags),
    };
  }
  return {
    ...operation,
    class: worse(operation.class, judged.class),
    classReason: `the worst it can be, as its body does not rule it out: ${judged.reason}`,
    flags: union(operation.flags, judged.flags),
  };
}

/** The flags that say what a call does; the others say how it is made. */
const acting: readonly OperationFlag[] = ["exec", "exfil", "inference"];

/** The body adds to the class; what cannot be read may be the worst that could stand there. */
function add({ operation }: Call, judged: Judgement, worst: NonNullable<BodyRule["worst"]>): Operation {
  if (judged.isWorstCase) {
    return {
      ...operation,
      class: worse(operation.class, worst.class),
      classReason: `the worst it can be, as its body does not rule it out: ${judged.reason}`,
      flags: union(operation.flags, worst.flags),
    };
  }
  if (judged.reason === "" || compareClasses(judged.class, operation.class) < 0) return operation;
  return {
    ...operation,
    class: judged.class,
    classReason: `its body says so: ${judged.reason}`,
    flags: union(operation.flags, judged.flags),
  };
}

function worse(one: Operation["class"], other: Operation["class"]): Operation["class"] {
  return compareClasses(one, other) < 0 ? other : one;
}

function union(some: readonly OperationFlag[], others: readonly OperationFlag[]): readonly OperationFlag[] {
  return [...new Set([...some, ...others])];
}
