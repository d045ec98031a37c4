import { limits } from "#lib/limits";
import type { Call } from "../../operation.ts";
import { doubt } from "../doubt.ts";
import type { Json } from "../json.ts";
import { type Judgement, judgement, worstOf } from "../judgement.ts";
import { knownMembers, listOf, namesOf, textOf } from "../members.ts";
import { googleSql, judgeSql, postgreSql } from "../sql/index.ts";

// Which of the two a database speaks is nowhere in the call.
const dialects = [googleSql, postgreSql];

function judgeText(sql: Json | undefined, { resource }: Call): Judgement {
  return judgeSql(textOf(sql, "sql"), dialects, {
    project: resource.project,
    defaultProject: resource.project,
  });
}

const sqlRequest = namesOf(
  "transaction sql params paramTypes resumeToken queryMode partitionToken seqno queryOptions requestOptions " +
    "directedReadOptions dataBoostEnabled lastStatement",
);

/** `executeSql`, `executeStreamingSql`. */
export function judgeSqlRequest(body: Json, call: Call): Judgement {
  return judgeText(knownMembers(body, sqlRequest, "the request").get("sql"), call);
}

const batchDml = namesOf("transaction statements seqno requestOptions lastStatements");
const statement = namesOf("sql params paramTypes");

export function judgeBatchDml(body: Json, call: Call): Judgement {
  const statements = listOf(knownMembers(body, batchDml, "the request").get("statements"), "statements");
  return judgeTexts(
    statements.map((each) => knownMembers(each, statement, "a statement").get("sql")),
    call,
  );
}

const ddl = namesOf("statements operationId protoDescriptors throughputMode");

export function judgeDdl(body: Json, call: Call): Judgement {
  const statements = listOf(knownMembers(body, ddl, "the request").get("statements"), "statements");
  return judgeTexts(statements, call);
}

/** All texts of one call are no longer than one may be, and no more than the statements of one. */
function judgeTexts(texts: readonly (Json | undefined)[], call: Call): Judgement {
  const chars = texts.reduce((sum: number, text) => sum + textOf(text, "sql").length, 0);
  if (texts.length > limits.judgedStatementsMax || chars > limits.judgedSqlCharsMax) {
    throw doubt("the SQL is too long");
  }
  return worstOfAll(texts.map((text) => judgeText(text, call)));
}

const commit = namesOf(
  "mutations transactionId singleUseTransaction returnCommitStats maxCommitDelay requestOptions precommitToken",
);

/** What a transaction did before its commit was judged when it was done. */
export function judgeCommit(body: Json): Judgement {
  const mutations = listOf(knownMembers(body, commit, "the request").get("mutations"), "mutations");
  return worstOf(judgement("write", "it commits a transaction"), mutations.map(judgeMutation));
}

const batchWrite = namesOf("mutationGroups requestOptions excludeTxnFromChangeStreams");
const mutationGroup = namesOf("mutations");

export function judgeBatchWrite(body: Json): Judgement {
  const groups = listOf(
    knownMembers(body, batchWrite, "the request").get("mutationGroups"),
    "mutationGroups",
  );
  const mutations = groups.flatMap((group) =>
    listOf(knownMembers(group, mutationGroup, "a group").get("mutations"), "mutations"),
  );
  return worstOfAll(mutations.map(judgeMutation));
}

const mutation = namesOf("insert update insertOrUpdate replace delete");

function judgeMutation(value: Json): Judgement {
  const [kind = "", ...others] = knownMembers(value, mutation, "a mutation").keys();
  if (kind === "" || others.length > 0) throw doubt("a mutation is not of one kind");
  switch (kind) {
    case "delete":
      return judgement("destructive", "it deletes rows");
    case "replace":
      return judgement("destructive", "it replaces rows, columns that are not named included");
    default:
      return judgement("write", "it writes the columns it names");
  }
}

function worstOfAll([first, ...others]: readonly Judgement[]): Judgement {
  if (first === undefined) throw doubt("it asks for nothing");
  return worstOf(first, others);
}
