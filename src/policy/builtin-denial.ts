import type { PolicyInput, Reason } from "./decision.ts";

/** Makes a credential that works outside Gatehouse, whichever service offers it. */
const minting: ReadonlySet<string> = new Set([
  "generateAccessToken",
  "generateIdToken",
  "signJwt",
  "signBlob",
]);

/**
 * What no policy lifts, observe mode included. The data plane refuses most of it before anyone asks here; this is
 * the second lock.
 */
export function builtinDenial(input: PolicyInput, protectedNames: readonly string[]): Reason | undefined {
  const { id } = input.operation;
  if (input.operation.class === "unknown") {
    return denial(
      "unknown-operation",
      "Gatehouse does not know this operation, and what it does not know it refuses.",
    );
  }
  if (isTokenEndpoint(id)) {
    return denial(
      "token-endpoint",
      "Gatehouse adds the credential itself; Google's token endpoints are not needed.",
    );
  }
  if (minting.has(id.slice(id.lastIndexOf(".") + 1))) {
    return denial(
      "credential-minting",
      "Agents get no Google credentials. Call the API you need; Gatehouse adds the credential.",
    );
  }
  if (input.operation.class !== "read" && protectedNames.some((name) => isOn(input.resource, name))) {
    return denial("own-identity", "This belongs to Gatehouse itself and is not changed through it.");
  }
  return undefined;
}

function denial(rule: string, message: string): Reason {
  return { policy: "builtin", rule, effect: "deny", message };
}

/** `sts.token`, `sts.introspect`, `oauth2.token`, `oauth2.tokeninfo`, in any version. */
function isTokenEndpoint(id: string): boolean {
  return id.startsWith("sts.") || /^oauth2\.(.+\.)?token/i.test(id);
}

/**
 * Whether a resource is a protected one, or below it. It may stand anywhere in the name: a copy names its destination
 * after its source (`b/from/o/x/copyTo/b/to/o/y`). A name without slashes (a service account's e-mail or unique id)
 * is met likewise, since Google takes `-` or any project before it.
 */
function isOn({ name, fullName }: PolicyInput["resource"], protectedName: string): boolean {
  const wanted = segmentsOf(protectedName);
  const account = accountOf(wanted);
  if (account !== undefined) return segmentsOf(name).includes(account);
  if (!protectedName.startsWith("//")) return isIn(segmentsOf(name), wanted);
  const [host, ...path] = segmentsOf(fullName);
  return host === wanted[0] && isIn(path, wanted.slice(1));
}

/** Whether the wanted segments follow each other somewhere; `-` in the actual name may stand for any of them. */
function isIn(actual: readonly string[], wanted: readonly string[]): boolean {
  return actual.some(
    (_, start) =>
      start + wanted.length <= actual.length &&
      wanted.every((segment, index) => [segment, "-"].includes(actual[start + index] ?? "")),
  );
}

/** Google does not tell upper from lower case in e-mail addresses; nothing else here suffers from it. */
function segmentsOf(name: string): readonly string[] {
  return name
    .toLowerCase()
    .split("/")
    .filter((segment) => segment !== "");
}

function accountOf(segments: readonly string[]): string | undefined {
  if (segments.length === 1) return segments[0];
  const at = segments.indexOf("serviceaccounts");
  return at < 0 ? undefined : segments[at + 1];
}
