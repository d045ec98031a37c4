import { limits } from "#lib/limits";
import type { AuthenticationRefusal } from "./authenticator.ts";
import { parseCompactToken } from "./compact-token.ts";
import { isLoginToken, type Logins } from "./device/login.ts";
import type { GatewayTokens } from "./gateway-tokens.ts";
import { isGoogleCredential } from "./google-credential.ts";
import type { IdentityTokens } from "./issuers.ts";
import type { Principal, Role } from "./principal.ts";
import type { ProvenIdentity } from "./proven-identity.ts";
import { type Act, isOfOneself, mayDo, presenceFor, type RoleGroups, rolesOf } from "./roles.ts";
import type { Sessions } from "./sessions.ts";

/** Who asks the control plane, and what their proof is worth. */
export interface Actor {
  readonly principal: Principal;
  readonly proof: "gateway_token" | "agent_token" | "console_token" | "browser";
  /** Roles this proof carries: what can be stored on a laptop carries `agent-user` and nothing else. */
  readonly roles: readonly Role[];
  /** When the person was last there; `undefined` for agents and for providers that do not say. */
  readonly signedInAt: Date | undefined;
  /** Of a gateway token. */
  readonly sessionId: string | undefined;
}

export type ActorVerdict =
  | { readonly kind: "actor"; readonly actor: Actor }
  | { readonly kind: "refused"; readonly code: AuthenticationRefusal; readonly detail: string };

export interface Actors {
  /** Judges a bearer token of the control plane. */
  identify(token: string): Promise<ActorVerdict>;
  /** Somebody who signed in with the browser. */
  ofSignIn(identity: Pick<ProvenIdentity, "principal" | "signedInAt">): Actor;
}

export interface ActorsParts {
  readonly gatewayTokens: GatewayTokens;
  readonly identityTokens: IdentityTokens;
  readonly sessions: Sessions;
  readonly roleGroups: RoleGroups;
  readonly logins: Pick<Logins, "find">;
}

export function openActors(parts: ActorsParts): Actors {
  return {
    identify: (token) => identify(token, parts),
    ofSignIn: ({ principal, signedInAt }) => ({
      principal,
      proof: "browser",
      roles: rolesOf(principal, parts.roleGroups).filter((role) => role !== "agent-user"),
      signedInAt,
      sessionId: undefined,
    }),
  };
}

async function identify(text: string, parts: ActorsParts): Promise<ActorVerdict> {
  if (isLoginToken(text)) return ofLogin(text, parts);
  const token = parseCompactToken(text);
  const { gatewayTokens, identityTokens } = parts;
  const issuer = token?.claims["iss"];
  if (isGoogleCredential(text, token, identityTokens.knows(issuer))) {
    return { kind: "refused", code: "google_credential", detail: "a credential of Google's" };
  }
  if (token === undefined) return { kind: "refused", code: "invalid", detail: "not a compact JWT" };
  if (issuer === gatewayTokens.issuer) {
    const verdict = await gatewayTokens.verify(token);
    return verdict.kind === "refused" ? verdict : agentOf(verdict, parts);
  }
  if (!identityTokens.knows(issuer)) {
    return { kind: "refused", code: "invalid", detail: "an issuer we do not know" };
  }
  // Tokens of the web client live in the browser's session here and nowhere else.
  const verdict = await identityTokens.verify(token, ["agent", "console"]);
  return verdict.kind === "refused" ? verdict : { kind: "actor", actor: personOf(verdict.identity, parts) };
}

async function ofLogin(token: string, { logins, roleGroups }: ActorsParts): Promise<ActorVerdict> {
  const login = await logins.find(token);
  if (login === undefined) return { kind: "refused", code: "invalid", detail: "no login that counts" };
  return { kind: "actor", actor: storedSignIn(login.principal, roleGroups) };
}

/** What a laptop stores, an agent finds: it carries `agent-user` alone, and nobody was there a moment ago. */
function storedSignIn(principal: Principal, roleGroups: RoleGroups): Actor {
  return {
    principal,
    proof: "agent_token",
    roles: rolesOf(principal, roleGroups).filter((role) => role === "agent-user"),
    signedInAt: undefined,
    sessionId: undefined,
  };
}

async function agentOf(
  proven: { readonly sessionId: string; readonly principalId: string },
  { sessions, roleGroups }: ActorsParts,
): Promise<ActorVerdict> {
  const finding = await sessions.find(proven.sessionId);
  if (finding.kind !== "running" || finding.session.principal.id !== proven.principalId) {
    return {
      kind: "refused",
      code: "session_ended",
      detail: `session ${proven.sessionId} is ${finding.kind}`,
    };
  }
  const { principal } = finding.session;
  return {
    kind: "actor",
    actor: {
      principal,
      proof: "gateway_token",
      roles: rolesOf(principal, roleGroups).filter((role) => role === "agent-user"),
      signedInAt: undefined,
      sessionId: proven.sessionId,
    },
  };
}

/**
 * An agent's client may store its tokens; the console client's are asked for at the moment of an act. Agents have no use
 * for those, so they carry the other roles.
 */
function personOf({ principal, client, signedInAt }: ProvenIdentity, { roleGroups }: ActorsParts): Actor {
  if (client === "agent") return storedSignIn(principal, roleGroups);
  return {
    principal,
    proof: "console_token",
    roles: rolesOf(principal, roleGroups).filter((role) => role !== "agent-user"),
    signedInAt,
    sessionId: undefined,
  };
}

export type Permission = "granted" | "missing_role" | "sign_in_not_fresh";

/** Whether this actor may do this now: holds a role for it, and is there as the act needs. */
export function permissionOf(actor: Actor, act: Act, now: Date): Permission {
  if (!isOfOneself(act) && !actor.roles.some((role) => mayDo(role, act))) return "missing_role";
  const presence = presenceFor(act);
  const isThere = presence === "stored" || (presence === "browser" && actor.proof === "browser");
  return isThere || isFresh(actor, now) ? "granted" : "sign_in_not_fresh";
}

/** Unknown is not fresh. */
export function isFresh({ signedInAt }: Pick<Actor, "signedInAt">, now: Date): boolean {
  if (signedInAt === undefined) return false;
  const ageMs = now.getTime() - signedInAt.getTime();
  return ageMs >= -limits.approverSignInSkewMs && ageMs <= limits.approverSignInAgeMsMax;
}
