import { z } from "zod";
import type { Clock } from "#lib/clock";
import { limits } from "#lib/limits";
import { parseCompactToken, tokenDigest } from "./compact-token.ts";
import type { DeviceSignIns } from "./device/device-sign-ins.ts";
import type { Logins } from "./device/login.ts";
import type { GatewayTokens } from "./gateway-tokens.ts";
import type { IdentityTokens } from "./issuers.ts";
import { exchangeOwnToken } from "./own-token-exchange.ts";
import type { Principal } from "./principal.ts";
import type { Workload } from "./proven-identity.ts";
import { RefreshTokens } from "./refresh-tokens.ts";
import { type RoleGroups, rolesOf } from "./roles.ts";
import type { Session } from "./session.ts";
import { onlyConnection, type Sessions } from "./sessions.ts";
import type { TokenErrorCode, TokenOutcome } from "./token-outcome.ts";

/** RFC 7662 section 2.2, as Google's clients read it. */
export type Introspection =
  | { readonly active: false }
  | { readonly active: true; readonly session: Session; readonly expiresAt: Date };

/** Where agents get gateway tokens. */
export interface TokenEndpoint {
  /** One form of `POST /v1/token`, its members as they came; unknown ones are ignored (RFC 6749 section 3.2). */
  answer(form: Readonly<Record<string, unknown>>): Promise<TokenOutcome>;
  introspect(token: string): Promise<Introspection>;
}

export interface TokenEndpointParts {
  readonly gatewayTokens: GatewayTokens;
  readonly identityTokens: IdentityTokens;
  readonly sessions: Sessions;
  readonly roleGroups: RoleGroups;
  readonly logins: Logins;
  readonly deviceSignIns: Pick<DeviceSignIns, "poll">;
  readonly clock: Clock;
  /** Whether a connection of this name is configured. */
  readonly knowsConnection: (name: string) => boolean;
}

export function openTokenEndpoint(parts: TokenEndpointParts): TokenEndpoint {
  const refreshTokens = new RefreshTokens(parts.clock);
  parts.sessions.onStopped(({ id }) => refreshTokens.forget(id));
  return {
    answer: (form) => {
      switch (form["grant_type"]) {
        case "urn:ietf:params:oauth:grant-type:token-exchange":
          return exchange(form, parts, refreshTokens);
        case "refresh_token":
          return refresh(form, parts, refreshTokens);
        case "urn:ietf:params:oauth:grant-type:device_code":
          return answerDevice(form, parts);
        default:
          return Promise.resolve(
            refused(
              "unsupported_grant_type",
              "Only token exchange, refresh_token and device_code are granted here.",
            ),
          );
      }
    },
    introspect: (token) => introspect(token, parts),
  };
}

function refused(error: TokenErrorCode, message: string, detail = message): TokenOutcome {
  return { kind: "refused", error, message, detail };
}

/** Ours: the token of a login made with the browser. */
export const loginTokenType = "urn:gatehouse:params:oauth:token-type:login";

const subjectTokenTypes = [
  "urn:ietf:params:oauth:token-type:jwt",
  "urn:ietf:params:oauth:token-type:id_token",
  // An issuer's opaque token, where one was configured to be asked about them.
  "urn:ietf:params:oauth:token-type:access_token",
  loginTokenType,
] as const;

/** A repeated parameter arrives as a list and is refused with the rest (RFC 6749 section 3.2). */
const exchangeForm = z.object({
  subject_token: z.string().min(1),
  subject_token_type: z.enum(subjectTokenTypes),
  requested_token_type: z.literal("urn:ietf:params:oauth:token-type:access_token").optional(),
  /** Ours. What the agent calls itself goes on record and on approvers' screens: visible characters only. */
  agent: z
    .string()
    .min(1)
    .max(limits.agentNameCharsMax)
    .regex(/^\P{C}+$/u)
    .optional(),
  /** Ours. */
  connection: z.string().min(1).optional(),
  /** Delegation by a second token is not offered; ignoring one would grant more than was asked (RFC 8693 section 2.1). */
  actor_token: z.undefined().optional(),
});
type ExchangeForm = z.infer<typeof exchangeForm>;

async function exchange(
  form: Readonly<Record<string, unknown>>,
  parts: TokenEndpointParts,
  refreshTokens: RefreshTokens,
): Promise<TokenOutcome> {
  const parsed = exchangeForm.safeParse(form);
  if (!parsed.success) return refused("invalid_request", describeForm(parsed.error));
  const { connection, subject_token: subjectToken, subject_token_type: type } = parsed.data;
  if (connection !== undefined && !parts.knowsConnection(connection)) {
    return refused(
      "invalid_target",
      "No connection of that name is configured. Leave --connection out, or ask the operator which `connections` there are.",
    );
  }
  const own = await exchangeOwnToken(parsed.data, parts);
  if (own !== undefined) return own;
  const stopsBefore = parts.sessions.recentStops.count;
  const proven =
    type === loginTokenType ? await proveLogin(subjectToken, parts) : await proveSubject(subjectToken, parts);
  if ("error" in proven) return proven;
  return openSession(parsed.data, { ...proven, stopsBefore }, { ...parts, refreshTokens });
}

function describeForm(error: z.ZodError): string {
  const names = [...new Set(error.issues.map(({ path }) => path.join(".")))];
  return `Missing, repeated or not understood: ${names.join(", ")}.`;
}

/** RFC 8693 section 2.2.2: an unacceptable subject token is an invalid request. */
const unacceptable = "The subject token is not one that opens a session here. Sign in again.";

function refuse(error: TokenErrorCode, message: string, detail: string): Refused {
  return { kind: "refused", error, message, detail };
}

type Refused = Extract<TokenOutcome, { kind: "refused" }>;

/** Whose session is opened, and how long the proof counts. */
interface Subject {
  readonly principal: Principal;
  readonly countsUntil: Date;
  /** Set for logins: nobody asks the provider again, so no session goes on after them. */
  readonly endsWithSubject?: true;
  readonly workload?: Workload;
}

async function proveSubject(text: string, parts: TokenEndpointParts): Promise<Subject | Refused> {
  const token = parseCompactToken(text);
  const { identityTokens } = parts;
  const verdict =
    token === undefined
      ? await identityTokens.verifyOpaque(text)
      : await identityTokens.verify(token, ["agent"]);
  if (verdict.kind === "proven") return permitted(verdict.identity, parts);
  switch (verdict.code) {
    case "provider_unavailable":
      return refuse(
        "temporarily_unavailable",
        "The identity provider cannot be reached. Try again in a minute.",
        verdict.detail,
      );
    case "expired":
      return refuse("invalid_request", "The subject token has expired. Sign in again.", verdict.detail);
    case "groups_overage":
      return refuse(
        "access_denied",
        "The identity provider keeps your groups out of its tokens. Ask an administrator to have it send them.",
        verdict.detail,
      );
    case "invalid":
      return refuse("invalid_request", unacceptable, verdict.detail);
  }
}

function permitted(identity: Subject, { roleGroups }: TokenEndpointParts): Subject | Refused {
  const { principal } = identity;
  if (rolesOf(principal, roleGroups).includes("agent-user")) return identity;
  const message = "You are known, but none of your groups holds the role agent-user. Ask an administrator.";
  return refuse("access_denied", message, `principal ${principal.id}`);
}

/** A login is looked up anew each time: a revoked one opens nothing from then on. */
async function proveLogin(token: string, parts: TokenEndpointParts): Promise<Subject | Refused> {
  const login = await parts.logins.find(token);
  if (login === undefined) return refuse("invalid_request", unacceptable, "no login that counts");
  return permitted({ principal: login.principal, countsUntil: login.endsAt, endsWithSubject: true }, parts);
}

/**
 * An agent that names itself gets a session of its own, kept open by refresh tokens. A stock client of Google's does not
 * know the parameter and asks for each command anew: its calls belong together by the token it holds, and end with it.
 */
async function openSession(
  form: ExchangeForm,
  identity: Subject & { readonly stopsBefore: number },
  parts: TokenEndpointParts & { readonly refreshTokens: RefreshTokens },
): Promise<TokenOutcome> {
  const { principal, countsUntil, workload, stopsBefore } = identity;
  const connection = form.connection ?? onlyConnection(workload);
  const objection = objectionToConnection(connection, workload);
  if (objection !== undefined) return objection;
  const own = await parts.sessions.findFor(tokenDigest(form.subject_token));
  const isKnown = form.agent === undefined && form.connection === undefined && own.kind !== "unknown";
  if (!isKnown && !parts.sessions.hasRoomFor(principal.id)) return tooManySessions(principal);
  if (form.agent === undefined && form.connection === undefined) {
    const token = { digest: tokenDigest(form.subject_token), countsUntil, stopsBefore };
    const finding = await parts.sessions.openFor(token, principal, workload);
    if (finding.kind !== "running") return sessionOver("the session of this token is over");
    return issued(finding.session, undefined, parts);
  }
  // Whoever stopped the session of a token meant what that token opens.
  if (own.kind === "over") return sessionOver("the session of this token is over, so it opens no other");
  const endsBy = endOf(identity, parts.clock);
  const session = await parts.sessions.open({
    principal,
    // What an issuer says runs there counts, and not what that calls itself.
    agent: workload?.agent ?? form.agent ?? "unnamed",
    connection,
    workload,
    stopsBefore,
    ...(endsBy === undefined ? {} : { endsBy }),
  });
  if (!parts.sessions.isRunning(session)) return sessionOver(`${session.id} was stopped while it was opened`);
  return issued(session, parts.refreshTokens.issue(session.id), parts);
}

function tooManySessions({ id }: Principal): Refused {
  const message = "Too many of your agents' sessions run. End some, or wait: they end within twelve hours.";
  return refuse("temporarily_unavailable", message, `principal ${id}`);
}

/** A workload that may use some connections only uses one of those. */
function objectionToConnection(
  connection: string | undefined,
  workload: Workload | undefined,
): Refused | undefined {
  if (workload?.connections === undefined) return undefined;
  if (connection !== undefined && workload.connections.includes(connection)) return undefined;
  const message = "This workload has to name one of the connections it may use.";
  return refuse("invalid_target", message, `${workload.machine} asked for ${connection ?? "no connection"}`);
}

function endOf({ endsWithSubject, countsUntil, workload }: Subject, clock: Clock): Date | undefined {
  if (workload !== undefined) return new Date(clock.now().getTime() + limits.machineSessionLifeMsMax);
  return endsWithSubject === true ? countsUntil : undefined;
}

async function issued(
  session: Session,
  refreshToken: string | undefined,
  { gatewayTokens }: TokenEndpointParts,
): Promise<TokenOutcome> {
  const { accessToken, expiresInS } = await gatewayTokens.issue(session);
  return { kind: "issued", accessToken, expiresInS, refreshToken, sessionId: session.id };
}

function sessionOver(detail: string): TokenOutcome {
  return refused("invalid_grant", "The session was stopped, or is over.", detail);
}

const deviceForm = z.object({
  device_code: z.string().min(1).max(256),
  client_id: z.string().min(1).max(256),
});

const deviceErrors = {
  pending: ["authorization_pending", "Nobody has decided in the browser yet."],
  slow_down: ["slow_down", "Ask less often."],
  denied: ["access_denied", "The sign-in was refused in the browser."],
  expired: ["expired_token", "Nobody signed in in time. Start again."],
  unknown: ["invalid_grant", "This device code is not known here, or was used."],
} as const;

/** RFC 8628 section 3.4. The code goes with its first success; what it brings is a login, which carries `agent-user` alone. */
async function answerDevice(
  form: Readonly<Record<string, unknown>>,
  { deviceSignIns, logins, sessions }: TokenEndpointParts,
): Promise<TokenOutcome> {
  const parsed = deviceForm.safeParse(form);
  if (!parsed.success) return refused("invalid_request", describeForm(parsed.error));
  const stopsBefore = sessions.recentStops.count;
  const poll = deviceSignIns.poll(parsed.data.device_code, parsed.data.client_id);
  if (poll.kind !== "approved") {
    const [error, message] = deviceErrors[poll.kind];
    return refused(error, message);
  }
  const { token, lifeMs } = await logins.issue(poll.principal, poll.machine);
  if (sessions.recentStops.causeSince(stopsBefore, poll.principal) !== undefined) {
    await logins.revokeToken(token);
    return refused("access_denied", deviceErrors.denied[1], "stopped while the login was made");
  }
  return { kind: "login", token, expiresInS: Math.floor(lifeMs / 1000), email: poll.principal.email };
}

const refreshForm = z.object({ refresh_token: z.string().min(1).max(256) });

async function refresh(
  form: Readonly<Record<string, unknown>>,
  parts: TokenEndpointParts,
  refreshTokens: RefreshTokens,
): Promise<TokenOutcome> {
  const parsed = refreshForm.safeParse(form);
  if (!parsed.success) return refused("invalid_request", describeForm(parsed.error));
  const outcome = refreshTokens.use(parsed.data.refresh_token);
  switch (outcome.kind) {
    case "unknown":
      return sessionOver("an unknown refresh token");
    case "reused":
      // RFC 9700 section 4.14.2: who of the two is the thief cannot be told, so both are out.
      await parts.sessions.stop({ id: outcome.sessionId }, { kind: "refresh_token_reused" });
      return sessionOver(`a refresh token of ${outcome.sessionId} was used twice`);
    case "rotated": {
      const finding = await parts.sessions.find(outcome.sessionId);
      if (finding.kind !== "running") return sessionOver(`${outcome.sessionId} is ${finding.kind}`);
      return issued(finding.session, outcome.refreshToken, parts);
    }
  }
}

async function introspect(text: string, parts: TokenEndpointParts): Promise<Introspection> {
  const token = parseCompactToken(text);
  if (token === undefined) return { active: false };
  const verdict = await parts.gatewayTokens.verify(token);
  if (verdict.kind === "refused") return { active: false };
  const finding = await parts.sessions.find(verdict.sessionId);
  if (finding.kind !== "running" || finding.session.principal.id !== verdict.principalId)
    return { active: false };
  return { active: true, session: finding.session, expiresAt: verdict.expiresAt };
}
