import { doubt } from "../doubt.ts";
import type { Json } from "../json.ts";
import { type Judgement, judgement, worstOf } from "../judgement.ts";
import { knownMembers, listOf, namesOf, textOf } from "../members.ts";

const bundle = namesOf("resourceType type id meta timestamp identifier entry");
const entry = namesOf("fullUrl resource request");
const request = namesOf("method url ifMatch ifNoneMatch ifNoneExist ifModifiedSince");

/** `executeBundle` of Healthcare: a batch of calls (HL7 FHIR R4, section 3.1.0.11). */
export function judgeBundle(body: Json): Judgement {
  const members = knownMembers(body, bundle, "the bundle");
  const kind = textOf(members.get("type"), "type");
  if (kind !== "transaction" && kind !== "batch") throw doubt("the bundle is of another type");
  const entries = listOf(members.get("entry"), "entry");
  if (entries.length === 0) throw doubt("it asks for nothing");
  return worstOf(judgement("read", "its requests only read"), entries.map(judgeEntry));
}

function judgeEntry(value: Json): Judgement {
  const asked = knownMembers(knownMembers(value, entry, "an entry").get("request"), request, "a request");
  // A POST to the store itself, by whatever spelling, is a bundle in the bundle.
  const url = textOf(asked.get("url"), "url");
  if (!/^[A-Z][A-Za-z]*(?:[/?]|$)/.test(url) || /\/\.{1,2}(?:[/?]|$)/.test(url)) {
    throw doubt("the URL of a request is no plain resource");
  }
  // `$purge` (or `%24purge`), `_history`, `_search`: what an operation does its URL alone does not say.
  if (!/^[A-Za-z0-9./?=&|:,+-]+$/.test(url)) {
    throw doubt("the URL of a request is no plain resource");
  }
  const method = textOf(asked.get("method"), "method");
  switch (method) {
    case "GET":
    case "HEAD":
      return judgement("read", "its requests only read");
    case "POST":
    case "PUT":
    case "PATCH":
      return judgement("write", `a request in it is a ${method}`);
    case "DELETE":
      return judgement("destructive", "a request in it is a DELETE");
    default:
      throw doubt("a request is of no known method");
  }
}
