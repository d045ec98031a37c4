import { z } from "zod";
import type { LoginAnswer, TokenAnswer } from "#api";
import { loginTokenType, type TokenErrorCode } from "#identity";
import { limits } from "#lib/limits";
import type { ControlPlanePorts } from "../control-plane-ports.ts";
import { refusedSignIns } from "../refused-sign-ins.ts";
import { type App, perMinute } from "./app.ts";

/** What is not an object of form fields is an empty form: nothing in it, nothing granted. */
const form = z.record(z.string(), z.unknown()).catch({});

const statusOfError: Readonly<Record<TokenErrorCode, number>> = {
  invalid_request: 400,
  invalid_grant: 400,
  invalid_target: 400,
  unsupported_grant_type: 400,
  access_denied: 403,
  temporarily_unavailable: 503,
  // RFC 8628 section 3.5
  authorization_pending: 400,
  slow_down: 400,
  expired_token: 400,
};

/** What a waiting command hears every few seconds is no refused sign-in. */
const patience: readonly TokenErrorCode[] = ["authorization_pending", "slow_down", "expired_token"];

/** Token exchange (RFC 8693), refresh (RFC 6749 section 6), introspection (RFC 7662). Client authentication is ignored. */
export function addTokenRoutes(app: App, ports: ControlPlanePorts): void {
  const { identity, serverInfo } = ports;
  const onRefused = refusedSignIns(ports);
  const config = perMinute(limits.tokenRequestsPerMinuteMax);

  app.post("/v1/token", { config }, async (request, reply) => {
    if (!isForm(request.headers["content-type"])) {
      return reply.status(400).send({ error: "invalid_request", error_description: "Send a form." });
    }
    const outcome = await identity.tokenEndpoint.answer(form.parse(request.body));
    if (outcome.kind === "refused") {
      const { error, message, detail } = outcome;
      if (!patience.includes(error)) {
        await onRefused({ where: "token_exchange", code: error, detail, address: request.ip });
      }
      return reply.status(statusOfError[error]).send({ error, error_description: message });
    }
    if (outcome.kind === "login") {
      const answer: LoginAnswer = {
        access_token: outcome.token,
        issued_token_type: loginTokenType,
        // RFC 8693 section 2.2.1: it opens sessions here and is not used like an access token.
        token_type: "N_A",
        expires_in: outcome.expiresInS,
        ...(outcome.email === undefined ? {} : { email: outcome.email }),
      };
      return reply.send(answer);
    }
    const answer: TokenAnswer = {
      access_token: outcome.accessToken,
      issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
      token_type: "Bearer",
      expires_in: outcome.expiresInS,
      ...(outcome.refreshToken === undefined ? {} : { refresh_token: outcome.refreshToken }),
      session_id: outcome.sessionId,
    };
    return reply.send(answer);
  });

  // RFC 7009 section 2.2: the same answer whether there was such a login or not.
  app.post("/v1/revoke", { config }, async (request, reply) => {
    const token = form.parse(request.body)["token"];
    if (typeof token === "string") await identity.logins.revokeToken(token);
    return reply.send({});
  });

  // Whoever holds a token may ask about it: it tells them what the token itself does. Strangers have nothing to ask with.
  app.post("/v1/introspect", { config }, async (request, reply) => {
    const token = form.parse(request.body)["token"];
    const found = await identity.tokenEndpoint.introspect(typeof token === "string" ? token : "");
    if (!found.active) return reply.send({ active: false });
    const { principal, agent } = found.session;
    const host = new URL(serverInfo.controlUrl).host;
    return reply.send({
      active: true,
      // gcloud shows this as the account, and wants it in the form of a principal.
      username: `principal://${host}/subject/${principal.email ?? principal.id}`,
      sub: principal.id,
      // RFC 8693 section 4.1: the person or workload stays the subject; what acts for it stands beside.
      act: { sub: agent },
      iss: serverInfo.controlUrl,
      token_type: "Bearer",
      exp: Math.floor(found.expiresAt.getTime() / 1000),
    });
  });
}

function isForm(contentType: string | undefined): boolean {
  return /^application\/x-www-form-urlencoded\s*(;|$)/i.test(contentType ?? "");
}
