import { doubt } from "../doubt.ts";
import type { Json } from "../json.ts";
import { type Judgement, judgement } from "../judgement.ts";
import { knownMembers, listOf, namesOf } from "../members.ts";

const change = namesOf("additions deletions kind id startTime status isServing");

/** `dns.changes.create`. */
export function judgeChange(body: Json): Judgement {
  const members = knownMembers(body, change, "the change");
  if (listOf(members.get("deletions"), "deletions").length > 0) {
    return judgement("destructive", "it deletes records");
  }
  if (listOf(members.get("additions"), "additions").length === 0) throw doubt("it asks for nothing");
  return judgement("write", "it only adds records");
}
