import { expect, test } from "vitest";
import type { TokenOutcome } from "#identity";
import { limits } from "#lib/limits";
import { fakeSigner, identityUnderTest } from "../../test/fakes/identity-under-test.ts";
import { developer, readPart } from "../../test/fakes/token-issuer.ts";

const jwt = "urn:ietf:params:oauth:token-type:jwt";

async function underTest() {
  const parts = await identityUnderTest();
  const exchange = (subject_token: string, more: Record<string, unknown> = {}): Promise<TokenOutcome> =>
    parts.identity.tokenEndpoint.answer({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token,
      subject_token_type: jwt,
      ...more,
    });
  const opened = await exchange(await parts.issuer.idToken("agent", developer), { agent: "cursor" });
  if (opened.kind !== "issued") throw new Error(JSON.stringify(opened));
  return { ...parts, exchange, opened };
}

const errorOf = (outcome: TokenOutcome): string => (outcome.kind === "refused" ? outcome.error : "issued");

test("a gateway token of a stopped session, an expired one and one of another gateway bring nothing", async () => {
  const { identity, exchange, opened, clock } = await underTest();
  const forged = await fakeSigner().sign({ iss: "http://127.0.0.1:8440", aud: "gatehouse", sid: "ses_1" });
  expect(errorOf(await exchange(forged))).toBe("invalid_request");
  await identity.sessions.stop({ id: opened.sessionId }, { kind: "refresh_token_reused" });
  expect(errorOf(await exchange(opened.accessToken))).toBe("invalid_grant");
  clock.pass(limits.gatewayTokenLifeMs + limits.tokenSkewMs + 1_000);
  expect(errorOf(await exchange(opened.accessToken))).toBe("invalid_grant");
});

test("a gateway token opens no other session, under whatever name or connection", async () => {
  const { exchange, opened, facts } = await underTest();
  const before = facts.length;
  expect(errorOf(await exchange(opened.accessToken, { agent: "another" }))).toBe("invalid_request");
  expect(errorOf(await exchange(opened.accessToken, { connection: "practice" }))).toBe("invalid_request");
  expect(facts).toHaveLength(before);
});

test("a gateway token that is exchanged comes back itself, with the life it has left and nothing to renew it", async () => {
  const { exchange, opened, clock, facts } = await underTest();
  const before = facts.length;
  clock.pass(60_000);
  const endsAtS = Number(readPart(opened.accessToken, "claims")["exp"]);
  expect(await exchange(opened.accessToken)).toEqual({
    kind: "issued",
    accessToken: opened.accessToken,
    expiresInS: Math.floor(endsAtS - clock.now().getTime() / 1000),
    refreshToken: undefined,
    sessionId: opened.sessionId,
  });
  expect(facts).toHaveLength(before);
});
