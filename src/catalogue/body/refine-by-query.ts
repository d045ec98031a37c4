import type { Call, Operation } from "../operation.ts";
import { compareClasses } from "../operation.ts";
import type { Understanding } from "../understanding.ts";
import type { Judgement } from "./judgement.ts";
import { judgePredefinedAcl } from "./methods/access.ts";

const aclParameters = ["predefinedAcl", "predefinedDefaultObjectAcl", "destinationPredefinedAcl"];

/** What the query parameters of a call add to its class; they are known as soon as the request line is. */
export function refineByQuery(understanding: Understanding): Understanding {
  if (understanding.kind !== "call" || understanding.call.query.size === 0) return understanding;
  const call = withForce(withPredefinedAcl(understanding.call));
  return call === understanding.call ? understanding : { ...understanding, call };
}

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

function raised(operation: Operation, judged: Judgement): Operation {
  return {
    ...operation,
    class: compareClasses(operation.class, judged.class) < 0 ? judged.class : operation.class,
    classReason: `its query says so: ${judged.reason}`,
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
