import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { machineIssuers, machineOf, machinesUnderTest } from "../../../test/fakes/machine-issuer.ts";
import { developer } from "../../../test/fakes/token-issuer.ts";

const cause = { kind: "provider_changed" } as const;

test.each([
  [300, 300 + limits.tokenSkewMs / 1000],
  [23 * 3600, limits.sessionLifeMsMax / 1000],
])(
  "the session of a machine's token that lives %i s ends after %i s: with the token, and within our own time",
  async (lifeS, endsS) => {
    const { token, ask, store, clock } = await machinesUnderTest("custom");
    const nowS = Math.floor(clock.now().getTime() / 1000);
    const shown = await token({ exp: nowS + lifeS });
    expect(await ask(shown)).toBe("identity_token");
    const [session] = store.sessions.values();
    expect(session?.endsAt.getTime()).toBeLessThanOrEqual((nowS + endsS + 1) * 1000);
    clock.pass(endsS * 1000 - 2_000);
    expect(await ask(shown)).toBe("identity_token");
    clock.pass(3_000);
    expect(["expired", "session_ended"]).toContain(await ask(shown));
  },
);

test.each(["session", "principal", "issuer", "machine"] as const)(
  "a machine's token that was let in a moment ago is refused at once when its %s is stopped",
  async (what) => {
    const { token, ask, identity, store } = await machinesUnderTest("custom");
    const shown = await token();
    expect([await ask(shown), await ask(shown)]).toEqual(["identity_token", "identity_token"]);
    expect(store.finds).toBe(1);
    const [session] = store.sessions.values();
    if (session === undefined) throw new Error("a session was opened");
    const { sessions, signOuts } = identity;
    const stops = {
      session: () => sessions.stop({ id: session.id }, cause),
      principal: () => signOuts.end({ principal: session.principal.id }, cause),
      issuer: () => signOuts.end({ issuer: machineIssuers.custom }, cause),
      machine: () => sessions.stop({ machine: "robot" }, cause),
    };
    await stops[what]();
    expect(await ask(shown)).not.toBe("identity_token");
  },
);

test.each([{}, { agent: "another" }])(
  "a token whose session was stopped is not traded for another session either: %j",
  async (form) => {
    const { token, ask, identity, exchange } = await machinesUnderTest("custom");
    const shown = await token();
    await ask(shown);
    await identity.sessions.stop({ machine: "robot" }, cause);
    expect(await exchange(shown, form)).toMatchObject({ kind: "refused", error: "invalid_grant" });
  },
);

test("a machine at an issuer of people is nobody of theirs, whichever claim names it", async () => {
  const sub = `sub-of-${developer.email}`;
  const machine = machineOf("custom", {
    issuer: "https://login.example.com",
    allow: [{ claim: ["sub"], demand: { kind: "equals", value: sub } }],
  });
  const under = await machinesUnderTest("custom", [{ ...machine, isAmongPeople: true }]);
  const { identity, issuer } = under;
  const principalOf = async (text: string) => {
    const answer = await identity.authenticator.authenticate(text);
    if (answer.kind !== "caller") throw new Error(answer.detail);
    return answer.caller.principal;
  };
  const person = await principalOf(await issuer.idToken("agent", developer));
  const workload = await principalOf(
    await issuer.idToken("agent", developer, { aud: machine.audience, azp: undefined }),
  );
  expect([workload.issuer, workload.subject]).toEqual([person.issuer, person.subject]);
  expect(workload.id).not.toBe(person.id);
});
