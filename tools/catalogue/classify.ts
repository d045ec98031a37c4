import type { RiskClass } from "../../src/catalogue/index.ts";
import type { Curated } from "./curated.ts";
import { dottedId } from "./identifiers.ts";
import { findDestroyingWord, isApprovingName, isMintingName, isReadingName } from "./names.ts";

export interface Verdict {
  readonly class: RiskClass;
  /** For people; a clause, e.g. "GET reads". */
  readonly reason: string;
}

/**
 * How bad a method is, before anybody looked at a body. The first rule that applies decides. Methods that only the
 * .proto files know have ids like `google.iam.v3.PolicyBindings/DeletePolicyBinding`; their verb is that of their first
 * HTTP rule, else POST.
 */
export function classify(method: { id: string; verb: string }, curated: Curated): Verdict {
  const override = curated.overrides.get(`${method.verb} ${method.id}`);
  if (override !== undefined) return { class: override.class, reason: override.reason };

  const dotted = dottedId(method.id);
  const name = dotted.slice(dotted.lastIndexOf(".") + 1);
  const reads = method.verb === "POST" && isReadingName(name);
  if (!reads && method.verb !== "DELETE" && isMintingName(name))
    return { class: "secret_read", reason: `its name, "${name}", speaks of a credential` };
  if (!reads && method.verb !== "GET") {
    const reason = reasonOfPrivilege([method.id, dotted], curated);
    if (reason !== undefined) return { class: "privileged", reason };
    if (isApprovingName(name))
      return { class: "privileged", reason: "gives an approval in a person's stead" };
  }
  if (method.verb === "DELETE") return { class: "destructive", reason: "DELETE removes" };
  // GET too: a few methods cancel and restart by GET.
  const word = findDestroyingWord(name);
  if (word !== undefined) return { class: "destructive", reason: `its name begins with "${word}"` };
  if (method.verb === "GET") return { class: "read", reason: "GET reads" };
  if (reads) return { class: "read", reason: `POST methods named "${name}" only read` };
  return { class: "write", reason: `${method.verb} changes state` };
}

function reasonOfPrivilege(spellings: readonly string[], curated: Curated): string | undefined {
  return curated.privileged.find(({ isMeant }) => spellings.some((id) => isMeant({ id, aliases: [] })))
    ?.reason;
}
