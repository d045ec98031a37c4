import { doubt } from "../doubt.ts";
import type { Json, JsonObject } from "../json.ts";
import { type Judgement, judgement, worstOf } from "../judgement.ts";
import { knownMembers, listOf, namesOf } from "../members.ts";

const writeRequest = namesOf("writes transaction labels streamId streamToken");

/** Firestore's `commit`, `batchWrite` and `write`. */
export function judgeWrites(body: Json): Judgement {
  const writes = listOf(knownMembers(body, writeRequest, "the request").get("writes"), "writes");
  return worstOf(judgement("write", "it commits a transaction"), writes.map(judgeWrite));
}

const write = namesOf("update delete transform updateMask updateTransforms currentDocument");

function judgeWrite(value: Json): Judgement {
  const members = knownMembers(value, write, "a write");
  switch (onlyOne(members, ["update", "delete", "transform"])) {
    case "delete":
      return judgement("destructive", "it deletes documents");
    case "transform":
      return judgement("write", "it changes fields it names");
    default:
      return judgeUpdate(members);
  }
}

const mask = namesOf("fieldPaths");
const precondition = namesOf("exists updateTime");

/** Without a mask the document is replaced, unless it must not exist. */
function judgeUpdate(members: JsonObject): Judgement {
  if (isMasked(members.get("updateMask"), mask, "fieldPaths"))
    return judgement("write", "it changes fields it names");
  const current = members.get("currentDocument");
  const mustBeNew =
    current !== undefined && knownMembers(current, precondition, "currentDocument").get("exists") === false;
  return mustBeNew
    ? judgement("write", "it creates documents")
    : judgement("destructive", "it replaces documents, fields that are not named included");
}

const commitRequest = namesOf("mutations mode transaction singleUseTransaction databaseId");

/** `datastore.projects.commit`. */
export function judgeDatastoreCommit(body: Json): Judgement {
  const mutations = listOf(knownMembers(body, commitRequest, "the request").get("mutations"), "mutations");
  return worstOf(judgement("write", "it commits a transaction"), mutations.map(judgeMutation));
}

const mutation = namesOf(
  "insert update upsert delete baseVersion updateTime conflictResolutionStrategy propertyMask propertyTransforms",
);
const propertyMask = namesOf("paths");

function judgeMutation(value: Json): Judgement {
  const members = knownMembers(value, mutation, "a mutation");
  switch (onlyOne(members, ["insert", "update", "upsert", "delete"])) {
    case "delete":
      return judgement("destructive", "it deletes entities");
    case "insert":
      return judgement("write", "it creates entities");
    default:
      return isMasked(members.get("propertyMask"), propertyMask, "paths")
        ? judgement("write", "it changes properties it names")
        : judgement("destructive", "it replaces entities, properties that are not named included");
  }
}

function onlyOne(members: JsonObject, kinds: readonly string[]): string {
  const [kind = "", ...others] = kinds.filter((name) => members.has(name));
  if (kind === "" || others.length > 0) throw doubt("a change is not of one kind");
  return kind;
}

/** A mask that names nothing may be taken for none. */
function isMasked(value: Json | undefined, known: ReadonlySet<string>, paths: string): boolean {
  return value !== undefined && listOf(knownMembers(value, known, "a mask").get(paths), paths).length > 0;
}
