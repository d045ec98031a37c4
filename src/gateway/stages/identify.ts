import type { Authentication, Caller } from "#identity";
import { headerValues } from "#lib/headers";
import type { CapabilityRegister } from "../capabilities.ts";
import type { DataPlanePorts } from "../data-plane-ports.ts";
import type { IdentifiedRequest, ReceivedRequest } from "../exchange.ts";
import { type Refusal, refusal } from "../refusal.ts";

export interface IdentifyPorts extends Pick<DataPlanePorts, "authenticator"> {
  readonly capabilities: Pick<CapabilityRegister, "sessionOf">;
  /** Told once the session is known, so that stopping it can cut this exchange; false when it has too many. */
  readonly onIdentified: (exchangeId: string, sessionId: string) => boolean;
}

/** Who is behind this request. Asked anew every time: a tunnel that was opened before a session stopped proves nothing. */
export function identifyStage(ports: IdentifyPorts) {
  return async (request: ReceivedRequest): Promise<IdentifiedRequest | Refusal> => {
    const suspect = foreignCredential(request);
    if (suspect !== undefined) return refusal("google_credential", request, suspect);
    if (hasOddAuthorization(request)) {
      return refusal("invalid", request, "an Authorization header that is not one Bearer token");
    }
    const proofs = await collectProofs(request, ports);
    const refused = proofs.find((proof) => proof.kind === "refused");
    if (refused !== undefined) return refusal(refused.code, request, refused.detail);
    const callers = proofs.flatMap((proof) => (proof.kind === "caller" ? [proof.caller] : []));
    const caller = agreedCaller(callers);
    if (caller === "none") return refusal("missing", request, "no bearer token and no proxy session");
    if (caller === "disagree") return refusal("identities_disagree", request, sessionsOf(callers));
    const mayGoOn = ports.onIdentified(request.exchangeId, caller.session.id);
    return mayGoOn
      ? { ...request, caller }
      : refusal("too_many_exchanges", { ...request, caller }, "session full");
  };
}

/** The bearer first, the tunnel's session second; a handle we issued only when there is neither. */
async function collectProofs(request: ReceivedRequest, ports: IdentifyPorts): Promise<Authentication[]> {
  const { authenticator, capabilities } = ports;
  const proofs: Authentication[] = [];
  if (request.bearer !== undefined) proofs.push(await authenticator.authenticate(request.bearer));
  const sessionId =
    request.proxySessionId ?? (request.bearer === undefined ? capabilities.sessionOf(request) : undefined);
  if (sessionId !== undefined) proofs.push(await authenticator.recheck(sessionId));
  return proofs;
}

/**
 * Bearer and proxy must be one session; else an agent could act under one identity and be recorded under another.
 * A person's own token from the identity provider has no session of its own: it counts for the tunnel's.
 */
function agreedCaller(callers: readonly Caller[]): Caller | "none" | "disagree" {
  const [first, second] = callers;
  if (first === undefined) return "none";
  if (second === undefined) return first;
  if (first.principal.id !== second.principal.id) return "disagree";
  if (first.session.id === second.session.id) return first;
  return first.proof === "identity_token" ? second : "disagree";
}

function sessionsOf(callers: readonly Caller[]): string {
  return callers.map((caller) => caller.session.id).join(" and ");
}

/** Google takes credentials in more places than one; each would act past the connection's identity. */
function foreignCredential({ headers }: ReceivedRequest): string | undefined {
  for (const name of ["x-goog-api-key", "x-goog-iam-authorization-token", "x-goog-authenticated-user-jwt"]) {
    if (headerValues(headers, name).length > 0) return `${name} header`;
  }
  const isSigned = headerValues(headers, "authorization").some((value) => /^\s*(GOOG|AWS)\S*\s/i.test(value));
  return isSigned ? "HMAC signature in Authorization" : undefined;
}

function hasOddAuthorization({ headers, bearer }: ReceivedRequest): boolean {
  return headerValues(headers, "authorization").length > 0 && bearer === undefined;
}
