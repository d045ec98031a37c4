import type { RawHeader } from "#lib/headers";
import type { Call, Operation } from "../operation.ts";
import { compareClasses } from "../operation.ts";
import type { Understanding } from "../understanding.ts";
import { type Judgement, judgement } from "./judgement.ts";
import { judgePredefinedAcl } from "./methods/access.ts";

const aclParameters = ["predefinedAcl", "predefinedDefaultObjectAcl", "destinationPredefinedAcl"];

/**
 * What the query parameters of a call, and the headers that say the same in the XML of Cloud Storage, add to its class; they
 * are known as soon as the head is.
 */
export function refineByQuery(understanding: Understanding, headers: readonly RawHeader[]): Understanding {
  if (understanding.kind !== "call") return understanding;
  const { call } = understanding;
  if (call.query.size === 0 && headers.length === 0) return understanding;
  const refined = withAclHeaders(call.query.size === 0 ? call : withForce(withPredefinedAcl(call)), headers);
  return refined === call ? understanding : { ...understanding, call: refined };
}

/** `x-goog-acl: public-read` and `x-amz-grant-read: …`; a list that is not known may let everybody in. */
function withAclHeaders(call: Call, headers: readonly RawHeader[]): Call {
  if (!call.operation.id.startsWith("storage.")) return call;
  const lists = headers.filter(([name]) => /^x-(?:goog|amz)-(?:acl|grant-)/i.test(name));
  const isQuiet = lists.every(
    ([name, value]) => /-acl$/i.test(name) && quietHeaders.includes(value.trim().toLowerCase()),
  );
  return isQuiet ? call : { ...call, operation: raised(call.operation, aclByHeader, "a header") };
}

const quietHeaders = ["private", "project-private", "bucket-owner-read", "bucket-owner-full-control"];
const aclByHeader = judgement("privileged", "it sets an access list, which may let everybody in", ["exfil"]);

function withPredefinedAcl(call: Call): Call {
  if (!call.operation.id.startsWith("storage.")) return call;
  let { operation } = call;
  for (const name of aclParameters) {
    const value = call.query.get(name);
    const judged = value === undefined ? undefined : judgePredefinedAcl(value);
    if (judged === undefined) continue;
    operation = raised(operation, judged);
  }
  return operation === call.operation ? call : { ...call, operation };
}

function raised(operation: Operation, judged: Judgement, where = "its query"): Operation {
  return {
    ...operation,
    class: compareClasses(operation.class, judged.class) < 0 ? judged.class : operation.class,
    classReason: `${where} says so: ${judged.reason}`,
    flags: [...new Set([...operation.flags, ...judged.flags])],
  };
}

/** `force=true` takes along what lies below, or what would have stopped it. */
function withForce(call: Call): Call {
  const { operation, query } = call;
  if (query.get("force") !== "true" || operation.class !== "destructive") return call;
  const classReason = `${operation.classReason}, with force: what lies below or stands in the way goes too`;
  return { ...call, operation: { ...operation, classReason } };
}
