import type { UnknownCode } from "../understanding.ts";

/** The query, decoded once. */
export interface Parameters {
  readonly values: ReadonlyMap<string, string>;
  /** Parameters that occur more than once, with all their values; they are not among `values`. */
  readonly repeated: ReadonlyMap<string, readonly string[]>;
  /** Whether one of them makes the URL a capability: a signature, an upload id or a handle of ours. */
  readonly areCapability: boolean;
}

export interface ParameterRefusal {
  readonly code: Extract<UnknownCode, "override_refused" | "parameter_refused">;
  readonly detail: string;
}

/** Credentials do not belong into URLs, and a callback turns JSON into script that nobody masks. */
const refused: ReadonlySet<string> = new Set(["accesstoken", "oauthtoken", "bearertoken", "key", "callback"]);

const overrides: ReadonlySet<string> = new Set([
  "httpmethod",
  "httpmethodoverride",
  "xhttpmethodoverride",
  "xhttpmethod",
  "xmethodoverride",
]);

/** What makes a URL work without a bearer token: resumable uploads, signatures of every generation, our own handle. */
const capabilities: ReadonlySet<string> = new Set([
  "upload_id",
  "gatehouse_handle",
  "x-goog-signature",
  "x-goog-algorithm",
  "x-goog-credential",
  "googleaccessid",
  "signature",
  "x-amz-signature",
  "x-amz-algorithm",
  "x-amz-credential",
  "awsaccesskeyid",
]);

/** What signed URLs carry beside the signature; they mean nothing without it. */
const signatureDetails = /^(?:x-goog-|x-amz-|expires$)/;

/** What a parameter, or a header that means the same, is for. */
export type ParameterKind = "override" | "credential" | "signature" | "upload" | "plain";

export function kindOfParameter(name: string): ParameterKind {
  const lower = name.toLowerCase();
  const squashed = squash(name);
  if (overrides.has(squashed) || lower === "_method") return "override";
  if (refused.has(squashed)) return "credential";
  if (lower === "upload_id" || lower === "gatehouse_handle") return "upload";
  return capabilities.has(lower) || signatureDetails.test(lower) ? "signature" : "plain";
}

/** System parameters that may be written with a dollar; `$httpHeaders`, `$req` and the like carry a second request. */
const dollarNames: ReadonlySet<string> = new Set([
  "$alt",
  "$.xgafv",
  "$apiVersion",
  "$fields",
  "$prettyPrint",
  "$quotaUser",
  "$userProject",
]);

const noneRepeated: ReadonlyMap<string, readonly string[]> = new Map();
const noParameters: Parameters = { values: new Map(), repeated: noneRepeated, areCapability: false };

/** Reads a raw query. Anything two servers could read differently is refused, duplicates of one name above all. */
export function parseParameters(query: string): Parameters | ParameterRefusal {
  if (query === "") return noParameters;
  const values = new Map<string, string>();
  const repeated = new Map<string, string[]>();
  const spellings = new Map<string, string>();
  let areCapability = false;
  for (const pair of query.split("&")) {
    const equals = pair.indexOf("=");
    const facts = factsOf(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? "" : decodeComponent(pair.slice(equals + 1));
    if (facts === undefined || value === undefined) return refusal("a query parameter is not readable");
    const objection = facts.objection ?? objectionToValue(facts.squashed, value);
    if (objection !== undefined) return objection;
    areCapability ||= facts.isCapability;
    // `updateMask` and `update_mask` name one field to Google; who reads the first must not meet who reads the last.
    const { name, squashed } = facts;
    const spelling = spellings.get(squashed);
    if (spelling !== undefined && spelling !== name)
      return refusal(`the query parameter "${name}" is there twice, spelled differently`);
    if (spelling === undefined) {
      spellings.set(squashed, name);
      values.set(name, value);
    } else {
      repeated.set(name, [...(repeated.get(name) ?? [values.get(name) ?? ""]), value]);
    }
  }
  for (const name of repeated.keys()) values.delete(name);
  return { values, repeated: repeated.size === 0 ? noneRepeated : repeated, areCapability };
}

/** What the name of a parameter says, whatever its value. */
interface NameFacts {
  /** Decoded. */
  readonly name: string;
  /** One spelling for all that Google takes for the same. */
  readonly squashed: string;
  readonly objection: ParameterRefusal | undefined;
  readonly isCapability: boolean;
}

/** Most requests use the same few names. Bounded, and short, because strangers choose them too: a secret sent as a name is not kept. */
const remembered = new Map<string, NameFacts>();
const rememberedMax = 512;
const rememberedCharsMax = 32;

/** `undefined` when nobody could say what the name is. */
function factsOf(raw: string): NameFacts | undefined {
  const known = remembered.get(raw);
  if (known !== undefined) return known;
  const name = decodeComponent(raw);
  if (name === undefined || !/^[\x21-\x7e]{1,128}$/.test(name)) return undefined;
  const squashed = squash(name);
  const facts: NameFacts = {
    name,
    squashed,
    objection: objectionToName(name, squashed),
    isCapability: capabilities.has(name.toLowerCase()),
  };
  const isUsual = remembered.size < rememberedMax && raw.length <= rememberedCharsMax;
  if (isUsual) remembered.set(raw, facts);
  return facts;
}

/** Custom methods written into the headers, in any spelling servers forgive. */
export function isOverrideHeader(name: string): boolean {
  return /method/i.test(name) && overrides.has(squash(name));
}

function refusal(detail: string): ParameterRefusal {
  return { code: "parameter_refused", detail };
}

/** `undefined` when the escapes make no sense. */
function decodeComponent(text: string): string | undefined {
  if (!/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

/** One spelling for all that Google takes for the same name. */
export function squash(name: string): string {
  const lower = name.toLowerCase();
  return /[$_-]/.test(lower) ? lower.replace(/[$_-]/g, "") : lower;
}

function objectionToName(name: string, squashed: string): ParameterRefusal | undefined {
  if (overrides.has(squashed) || name.toLowerCase() === "_method") {
    return { code: "override_refused", detail: `the query parameter "${name}" would replace the method` };
  }
  if (refused.has(squashed)) {
    return refusal(
      `the query parameter "${name}" is not taken; send a bearer token in the Authorization header`,
    );
  }
  if (name.startsWith("$") && !dollarNames.has(name)) {
    return refusal(`the system parameter "${name}" is not known`);
  }
  if (squashed === "alt" && name !== "alt" && name !== "$alt") {
    return refusal(`"${name}" is no spelling of alt`);
  }
  return undefined;
}

function objectionToValue(squashed: string, value: string): ParameterRefusal | undefined {
  const isOdd = squashed === ".xgafv" && value !== "1" && value !== "2";
  return isOdd ? refusal("xgafv may be 1 or 2") : undefined;
}

/** `json` in both of its spellings; Google's own libraries ask for enums as numbers. Protobuf would escape masking. */
const jsonForms: ReadonlySet<string> = new Set(["json", "json;enum-encoding=int"]);

/** Whether the form of the answer that `alt` asks for may be given. */
export function isAltAllowed(parameters: Parameters, mayDownload: boolean): boolean {
  if (parameters.values.size === 0) return true;
  const alt = parameters.values.get("alt") ?? parameters.values.get("$alt");
  return alt === undefined || jsonForms.has(alt) || (alt === "media" && mayDownload);
}

export function asksForMedia(parameters: Parameters): boolean {
  if (parameters.values.size === 0) return false;
  return (parameters.values.get("alt") ?? parameters.values.get("$alt")) === "media";
}
