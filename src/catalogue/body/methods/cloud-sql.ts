import type { Call } from "../../operation.ts";
import type { Json } from "../json.ts";
import type { Judgement } from "../judgement.ts";
import { knownMembers, namesOf, textOf } from "../members.ts";
import { cloudPostgreSql, judgeSql, mySql, transactSql } from "../sql/index.ts";

const request = namesOf("sqlStatement database user rowLimit partialResultMode autoIamAuthn");

/** `sql.instances.executeSql`. Which engine an instance runs is nowhere in the call. */
export function judgeExecuteSql(body: Json, { resource }: Call): Judgement {
  const text = textOf(knownMembers(body, request, "the request").get("sqlStatement"), "sqlStatement");
  // Names with dots are schemas here, never projects.
  return judgeSql(text, [cloudPostgreSql, mySql, transactSql], {
    project: resource.project,
    defaultProject: undefined,
  });
}
