import type { Call } from "../../operation.ts";
import { Doubt, doubt } from "../doubt.ts";
import type { Json, JsonObject } from "../json.ts";
import { type Judgement, judgement, worstCase, worstOf } from "../judgement.ts";
import { flagOf, knownMembers, listOf, namesOf, optionalText, textOf } from "../members.ts";
import { googleSql, judgeSql, legacySql } from "../sql/index.ts";

const queryRequest = namesOf(
  "kind query maxResults defaultDataset timeoutMs jobTimeoutMs dryRun preserveNulls useQueryCache useLegacySql parameterMode " +
    "queryParameters location formatOptions connectionProperties labels maximumBytesBilled requestId createSession " +
    "jobCreationMode reservation",
);

/** `bigquery.jobs.query`. */
export function judgeQueryRequest(body: Json, call: Call): Judgement {
  const request = knownMembers(body, queryRequest, "the request");
  if (flagOf(request.get("dryRun"), "dryRun")) return dryRun;
  return judgeQuery(request, call);
}

const dryRun = judgement("read", "a dry run changes nothing");
const job = namesOf(
  "kind etag id selfLink user_email configuration jobReference status statistics principal_subject",
);
const configuration = namesOf(
  "jobType query load copy extract dryRun jobTimeoutMs labels reservation maxSlots",
);

/** `bigquery.jobs.insert`. */
export function judgeJob(body: Json, call: Call): Judgement {
  const outer = knownMembers(body, job, "the job");
  const inner = knownMembers(outer.get("configuration"), configuration, "the configuration");
  const kinds = [...inner.keys()].filter((name) => jobKinds.has(name));
  const [kind = "", ...others] = kinds;
  const judge = jobKinds.get(kind);
  if (judge === undefined || others.length > 0) throw doubt("the job is not of one kind");
  const isDry = flagOf(inner.get("dryRun"), "dryRun");
  // What a dry run of any other job does Google leaves undefined.
  if (kind === "query") return isDry ? dryRun : judge(inner.get(kind), call);
  try {
    return judge(inner.get(kind), call);
  } catch (error) {
    if (!(error instanceof Doubt)) throw error;
    // It holds no SQL: whatever else it does, it gives nobody access.
    return worstCase(error.message, ["exfil"]);
  }
}

const jobKinds: ReadonlyMap<string, (body: Json | undefined, call: Call) => Judgement> = new Map([
  ["query", judgeQueryJob],
  ["load", judgeLoad],
  ["copy", judgeCopy],
  ["extract", () => worstCase("an extract job takes data out and overwrites objects", ["exfil"])],
]);

// Left out, so that they are a doubt: external tables, code of functions, schema changes, continuous queries, sessions.
const queryJob = namesOf(
  "query destinationTable createDisposition writeDisposition defaultDataset priority preserveNulls allowLargeResults " +
    "useQueryCache flattenResults maximumBillingTier maximumBytesBilled useLegacySql parameterMode queryParameters " +
    "timePartitioning rangePartitioning clustering destinationEncryptionConfiguration scriptOptions connectionProperties " +
    "createSession continuous",
);

function judgeQueryJob(body: Json | undefined, call: Call): Judgement {
  const query = knownMembers(body, queryJob, "the query");
  // The `bq` command says false with every query.
  if (flagOf(query.get("continuous"), "continuous")) throw doubt("the query never ends");
  const judged = judgeQuery(query, call);
  const target = query.get("destinationTable");
  if (target === undefined) return judged;
  return worstOf(judged, [
    { ...judgeTarget(query, target, call), flags: ["exec", ...exfilOf(target, call)] },
  ]);
}

function judgeQuery(query: JsonObject, call: Call): Judgement {
  const text = textOf(query.get("query"), "query");
  const isNew = query.has("useLegacySql") && !flagOf(query.get("useLegacySql"), "useLegacySql");
  requirePlainConnection(query);
  // Left out it means legacy SQL, unless the project or the text says otherwise.
  const mayBeBoth = !isNew || /#\s*(?:legacy|standard)SQL/i.test(text);
  const dialects = mayBeBoth ? [googleSql, legacySql] : [googleSql];
  const { project } = call.resource;
  return judgeSql(text, dialects, { project, defaultProject: defaultProject(query, project) });
}

const dataset = namesOf("datasetId projectId");

function defaultProject(query: JsonObject, project: string | undefined): string | undefined {
  const named = query.get("defaultDataset");
  if (named === undefined) return project;
  return (
    optionalText(knownMembers(named, dataset, "defaultDataset").get("projectId"), "projectId") ?? project
  );
}

const property = namesOf("key value");

/** A session may hold functions and tables of its own; another property may name the account to run as. */
function requirePlainConnection(query: JsonObject): void {
  if (flagOf(query.get("createSession"), "createSession")) throw doubt("it opens a session");
  for (const each of listOf(query.get("connectionProperties"), "connectionProperties")) {
    const key = textOf(knownMembers(each, property, "a connection property").get("key"), "key");
    if (key !== "time_zone" && key !== "query_label") throw doubt("a connection property is not known");
  }
}

const loadJob = namesOf(
  "sourceUris schema schemaInline schemaInlineFormat destinationTable createDisposition writeDisposition nullMarker " +
    "nullMarkers fieldDelimiter skipLeadingRows encoding quote maxBadRecords allowQuotedNewlines sourceFormat " +
    "allowJaggedRows ignoreUnknownValues projectionFields autodetect timePartitioning rangePartitioning clustering " +
    "destinationEncryptionConfiguration useAvroLogicalTypes hivePartitioningOptions decimalTargetTypes jsonExtension " +
    "parquetOptions preserveAsciiControlCharacters destinationTableProperties fileSetSpecType columnNameCharacterMap " +
    "timeZone dateFormat datetimeFormat timeFormat timestampFormat sourceColumnMatch",
);

function judgeLoad(body: Json | undefined, call: Call): Judgement {
  const load = knownMembers(body, loadJob, "the load");
  return judgeTarget(load, load.get("destinationTable"), call);
}

const copyJob = namesOf(
  "sourceTable sourceTables destinationTable createDisposition writeDisposition destinationEncryptionConfiguration " +
    "operationType destinationExpirationTime",
);

function judgeCopy(body: Json | undefined, call: Call): Judgement {
  const copy = knownMembers(body, copyJob, "the copy");
  return judgeTarget(copy, copy.get("destinationTable"), call);
}

/** Absent, a disposition appends or asks for an empty table. */
function judgeTarget(members: JsonObject, target: Json | undefined, call: Call): Judgement {
  requireLasting(members);
  const disposition = optionalText(members.get("writeDisposition"), "writeDisposition") ?? "WRITE_EMPTY";
  const flags = exfilOf(target, call);
  switch (disposition) {
    case "WRITE_EMPTY":
    case "WRITE_APPEND":
      return judgement("write", "it adds to a table", flags);
    case "WRITE_TRUNCATE":
    case "WRITE_TRUNCATE_DATA":
      return judgement("destructive", `${disposition} removes the rows of a table`, flags);
    default:
      throw doubt("writeDisposition is not known");
  }
}

const partitioning = namesOf("type field requirePartitionFilter");
const tableProperties = namesOf("friendlyName description labels");

/** On a table that exists, a time at which rows expire may remove those that are there. */
function requireLasting(members: JsonObject): void {
  const partitions = members.get("timePartitioning");
  if (partitions !== undefined) knownMembers(partitions, partitioning, "timePartitioning");
  const properties = members.get("destinationTableProperties");
  if (properties !== undefined) knownMembers(properties, tableProperties, "destinationTableProperties");
  const isSnapshot = members.get("operationType") === "SNAPSHOT";
  if (members.has("destinationExpirationTime") && !isSnapshot)
    throw doubt("the table may be there and expire");
}

const table = namesOf("projectId datasetId tableId");

function exfilOf(target: Json | undefined, { resource }: Call): readonly ["exfil"] | readonly [] {
  const members = knownMembers(target, table, "destinationTable");
  const project = optionalText(members.get("projectId"), "projectId") ?? resource.project;
  return project?.toLowerCase() === resource.project?.toLowerCase() ? [] : ["exfil"];
}
