import { expect, test } from "vitest";
import type { Principal } from "#identity";
import { limits } from "#lib/limits";
import { identityUnderTest } from "../../test/fakes/identity-under-test.ts";
import { developer } from "../../test/fakes/token-issuer.ts";

const cause = { kind: "refresh_token_reused" } as const;

/** A developer whose agent has opened as many sessions as one principal may have. */
async function crowded() {
  const { identity, issuer, store, clock, timer } = await identityUnderTest();
  const first = await issuer.idToken("agent", developer);
  const ask = async (token: string): Promise<string> => {
    const answer = await identity.authenticator.authenticate(token);
    return answer.kind === "refused" ? answer.code : "caller";
  };
  expect(await ask(first)).toBe("caller");
  const [session] = store.sessions.values();
  if (session === undefined) throw new Error("a session was opened");
  const open = (principal: Principal) =>
    identity.sessions.open({ principal, agent: "flood", connection: undefined });
  for (let count = 1; count < limits.sessionsPerPrincipalMax; count += 1) await open(session.principal);
  const exchange = async (form: object) => {
    const outcome = await identity.tokenEndpoint.answer({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: await issuer.idToken("agent", developer, { jti: String(store.sessions.size) }),
      subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
      ...form,
    });
    return outcome.kind === "refused" ? outcome.error : outcome.kind;
  };
  const another = (person = developer) => issuer.idToken("agent", person, { jti: "another" });
  return { identity, ask, exchange, another, first, principal: session.principal, clock, timer };
}

test("an agent that opens one session after the other is refused at last, and nobody else is", async () => {
  const { ask, exchange, another, first } = await crowded();
  expect(await exchange({ agent: "cursor" })).toBe("temporarily_unavailable");
  expect(await exchange({})).toBe("temporarily_unavailable");
  expect(await ask(await another())).toBe("too_many_sessions");
  expect(await ask(first)).toBe("caller");
  expect(await ask(await another({ email: "other@example.com", groups: ["engineering"] }))).toBe("caller");
});

test("there is room again once sessions have been stopped, or are over", async () => {
  const { identity, exchange, principal } = await crowded();
  await identity.sessions.stop({ principal: principal.id }, cause);
  expect(identity.sessions.hasRoomFor(principal.id)).toBe(true);
  expect(await exchange({ agent: "cursor" })).toBe("issued");
  const second = await crowded();
  second.clock.pass(limits.sessionLifeMsMax);
  second.timer.pass(limits.sessionLifeMsMax);
  expect(second.identity.sessions.hasRoomFor(second.principal.id)).toBe(true);
});
