import { LRUCache } from "lru-cache";
import type { Clock } from "#lib/clock";
import { limits } from "#lib/limits";
import type { Authentication, AuthenticationRefusal, Authenticator } from "./authenticator.ts";
import { type CompactToken, parseCompactToken, tokenDigest } from "./compact-token.ts";
import type { GatewayTokens } from "./gateway-tokens.ts";
import { isGoogleCredential } from "./google-credential.ts";
import type { IdentityTokens } from "./issuers.ts";
import type { IdentityVerdict } from "./proven-identity.ts";
import { type RoleGroups, rolesOf } from "./roles.ts";
import type { Caller } from "./session.ts";
import type { SessionFinding, Sessions } from "./sessions.ts";

export interface AuthenticatorParts {
  readonly gatewayTokens: GatewayTokens;
  readonly identityTokens: IdentityTokens;
  readonly sessions: Sessions;
  readonly roleGroups: RoleGroups;
  readonly clock: Clock;
}

/** Proven a moment ago. Counts while no session has stopped since, and at most for a minute. */
interface Proof {
  readonly caller: Caller;
  readonly epoch: number;
  readonly untilMs: number;
}

export function openAuthenticator(parts: AuthenticatorParts): Authenticator {
  const { sessions, clock } = parts;
  const proofs = new LRUCache<string, Proof>({ max: limits.authenticationCacheMax });

  /** `key` is a token's digest or a session's id, never the token: memory dumps must not hold what opens doors. */
  const remembered = async (key: string, prove: () => Promise<Proven>): Promise<Authentication> => {
    const known = proofs.get(key);
    if (known !== undefined && isCurrent(known, parts)) return { kind: "caller", caller: known.caller };
    // Read before anything is looked up: a stop that happens meanwhile makes the conclusion stale at birth.
    const epoch = sessions.epoch;
    const startedMs = clock.monotonicMs();
    const { authentication, lifeMs } = await prove();
    if (authentication.kind === "caller") {
      const { session } = authentication.caller;
      if (!sessions.isRunning(session))
        return refused("session_ended", `session ${session.id} has just ended`);
      const untilMs = startedMs + Math.min(limits.authenticationCacheMs, lifeMs);
      proofs.set(key, { caller: authentication.caller, epoch, untilMs });
    }
    if (known !== undefined && authentication.kind === "refused") {
      proofs.delete(key);
      await endIfTakenBack(known.caller, authentication, parts);
    }
    return authentication;
  };

  return {
    authenticate: async (token) => {
      if (token === "") return refused("missing", "no token");
      return remembered(`token ${tokenDigest(token)}`, () => proveToken(token, parts));
    },
    recheck: (sessionId) =>
      remembered(`session ${sessionId}`, async () => ({
        authentication: callerOf(await sessions.find(sessionId), "proxy_session", parts),
        lifeMs: limits.authenticationCacheMs,
      })),
    onSessionStopped: (listener) => sessions.onStopped(listener),
  };
}

/** A token that was believed and is not any more ends its own session: what streams in it has no other proof. */
async function endIfTakenBack(
  { proof, session }: Caller,
  { code }: Extract<Authentication, { kind: "refused" }>,
  { sessions }: AuthenticatorParts,
): Promise<void> {
  const isTakenBack = code === "invalid" || code === "groups_overage";
  if (proof !== "identity_token" || !isTakenBack) return;
  await sessions.stop({ id: session.id }, { kind: "token_refused" });
}

/** Roles are looked at each time: the configuration may have taken them from a group a moment ago. */
function isCurrent({ caller, epoch, untilMs }: Proof, parts: AuthenticatorParts): boolean {
  const { sessions, clock, roleGroups } = parts;
  const isProven = epoch === sessions.epoch && clock.monotonicMs() < untilMs;
  return (
    isProven &&
    sessions.isRunning(caller.session) &&
    rolesOf(caller.principal, roleGroups).includes("agent-user")
  );
}

interface Proven {
  readonly authentication: Authentication;
  /** How much longer the token itself lives. */
  readonly lifeMs: number;
}

function refused(code: AuthenticationRefusal, detail: string): Authentication {
  return { kind: "refused", code, detail };
}

async function proveToken(text: string, parts: AuthenticatorParts): Promise<Proven> {
  const token = parseCompactToken(text);
  const { gatewayTokens, identityTokens, sessions } = parts;
  const stopsBefore = sessions.recentStops.count;
  const issuer = token?.claims["iss"];
  if (isGoogleCredential(text, token, identityTokens.knows(issuer))) {
    return failed(refused("google_credential", "a credential of Google's"));
  }
  if (token === undefined)
    return proveIdentity({ text, stopsBefore }, await identityTokens.verifyOpaque(text), parts);
  // Byte for byte: another spelling of an issuer is another issuer.
  if (issuer === gatewayTokens.issuer) return proveGatewayToken(token, parts);
  if (identityTokens.knows(issuer))
    return proveIdentity({ text, stopsBefore }, await identityTokens.verify(token, ["agent"]), parts);
  return failed(refused("invalid", "an issuer we do not know"));
}

function failed(authentication: Authentication): Proven {
  return { authentication, lifeMs: 0 };
}

async function proveGatewayToken(token: CompactToken, parts: AuthenticatorParts): Promise<Proven> {
  const verdict = await parts.gatewayTokens.verify(token);
  if (verdict.kind === "refused") return failed(refused(verdict.code, verdict.detail));
  const finding = await parts.sessions.find(verdict.sessionId);
  if (finding.kind !== "unknown" && finding.session.principal.id !== verdict.principalId) {
    return failed(refused("invalid", "the token names another principal than its session"));
  }
  return {
    authentication: callerOf(finding, "gateway_token", parts),
    lifeMs: verdict.expiresAt.getTime() - parts.clock.now().getTime(),
  };
}

async function proveIdentity(
  { text, stopsBefore }: { readonly text: string; readonly stopsBefore: number },
  verdict: IdentityVerdict,
  parts: AuthenticatorParts,
): Promise<Proven> {
  if (verdict.kind === "refused") return failed(refused(verdict.code, verdict.detail));
  const { principal, countsUntil, believedForMs, workload } = verdict.identity;
  // Whoever may not use a session does not get one, and does not keep the one they had while they were in more groups.
  if (!rolesOf(principal, parts.roleGroups).includes("agent-user")) {
    await parts.sessions.stopIfMore(tokenDigest(text), principal);
    return failed(notPermitted());
  }
  const mustChoose = (workload?.connections?.length ?? 0) > 1;
  if (mustChoose)
    return failed(refused("not_permitted", "of several connections one has to be named, at /v1/token"));
  const digest = tokenDigest(text);
  const isRefused = !parts.sessions.hasRoomFor(principal.id) && !(await isOpenFor(digest, parts));
  if (isRefused) return failed(refused("too_many_sessions", `of principal ${principal.id}`));
  const finding = await parts.sessions.openFor({ digest, countsUntil, stopsBefore }, principal, workload);
  const leftMs = countsUntil.getTime() - parts.clock.now().getTime();
  return {
    authentication: callerOf(finding, "identity_token", parts),
    lifeMs: Math.min(leftMs, believedForMs ?? leftMs),
  };
}

async function isOpenFor(digest: string, { sessions }: AuthenticatorParts): Promise<boolean> {
  return (await sessions.findFor(digest)).kind !== "unknown";
}

function callerOf(
  finding: SessionFinding,
  proof: Caller["proof"],
  parts: AuthenticatorParts,
): Authentication {
  switch (finding.kind) {
    case "unknown":
      return refused("session_ended", "no such session");
    case "over":
      return refused("session_ended", `session ${finding.session.id} is over`);
    case "running": {
      const { session } = finding;
      const mayUse = rolesOf(session.principal, parts.roleGroups).includes("agent-user");
      return mayUse
        ? { kind: "caller", caller: { principal: session.principal, session, proof } }
        : notPermitted();
    }
  }
}

function notPermitted(): Authentication {
  return refused("not_permitted", "none of the groups holds the role agent-user");
}
