import type { UnknownCode } from "./understanding.ts";

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

/** Reads a raw query. Anything two servers could read differently is refused, duplicates of one name above all. */
export function parseParameters(query: string): Parameters | ParameterRefusal {
  const values = new Map<string, string>();
  const repeated = new Map<string, string[]>();
  const spellings = new Map<string, string>();
  let areCapability = false;
  for (const pair of query === "" ? [] : query.split("&")) {
    const decoded = decodePair(pair);
    if (decoded === undefined) return refusal("a query parameter is not readable");
    const [name, value] = decoded;
    const squashed = squash(name);
    const objection = objectionTo(name, squashed, value);
    if (objection !== undefined) return objection;
    areCapability ||= capabilities.has(name.toLowerCase());
    // `updateMask` and `update_mask` name one field to Google; who reads the first must not meet who reads the last.
    const spelling = spellings.get(squashed) ?? name;
    if (spelling !== name)
      return refusal(`the query parameter "${name}" is there twice, spelled differently`);
    spellings.set(squashed, name);
    const earlier = repeated.get(name) ?? (values.has(name) ? [values.get(name) ?? ""] : undefined);
    if (earlier === undefined) {
      values.set(name, value);
    } else {
      values.delete(name);
      repeated.set(name, [...earlier, value]);
    }
  }
  return { values, repeated, areCapability };
}

/** Custom methods written into the headers, in any spelling servers forgive. */
export function isOverrideHeader(name: string): boolean {
  return /method/i.test(name) && overrides.has(squash(name));
}

function refusal(detail: string): ParameterRefusal {
  return { code: "parameter_refused", detail };
}

function decodePair(pair: string): readonly [string, string] | undefined {
  const equals = pair.indexOf("=");
  const [name, value] = equals < 0 ? [pair, ""] : [pair.slice(0, equals), pair.slice(equals + 1)];
  try {
    const decoded = decodeComponent(name);
    return /^[\x21-\x7e]{1,128}$/.test(decoded) ? [decoded, decodeComponent(value)] : undefined;
  } catch {
    return undefined;
  }
}

function decodeComponent(text: string): string {
  if (!/[%+]/.test(text)) return text;
  return decodeURIComponent(text.replaceAll("+", " "));
}

function squash(name: string): string {
  const lower = name.toLowerCase();
  return /[$_-]/.test(lower) ? lower.replace(/[$_-]/g, "") : lower;
}

function objectionTo(name: string, squashed: string, value: string): ParameterRefusal | undefined {
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
  if (squashed === ".xgafv" && value !== "1" && value !== "2") return refusal("xgafv may be 1 or 2");
  return undefined;
}

/** `json` in both of its spellings; Google's own libraries ask for enums as numbers. Protobuf would escape masking. */
const jsonForms: ReadonlySet<string> = new Set(["json", "json;enum-encoding=int"]);

/** Whether the form of the answer that `alt` asks for may be given. */
export function isAltAllowed(parameters: Parameters, mayDownload: boolean): boolean {
  const alt = parameters.values.get("alt") ?? parameters.values.get("$alt");
  return alt === undefined || jsonForms.has(alt) || (alt === "media" && mayDownload);
}

export function asksForMedia(parameters: Parameters): boolean {
  return (parameters.values.get("alt") ?? parameters.values.get("$alt")) === "media";
}
