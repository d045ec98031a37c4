import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { opaque, introspectionUnderTest as underTest } from "../../../test/fakes/introspection-under-test.ts";
import { developer } from "../../../test/fakes/token-issuer.ts";

type Under = Awaited<ReturnType<typeof underTest>>;

/** Two hundred strangers with invented tokens, at an issuer that leaves their questions open. */
function flood({ answering, ask, asked }: Under): { end(): Promise<void> } {
  const { promise: silence, resolve: end } = Promise.withResolvers<void>();
  const { respond } = answering;
  answering.respond = async (token) => {
    if (!token.startsWith("invented")) return respond(token);
    await silence;
    return Response.json({ active: false });
  };
  const answers = Array.from({ length: 200 }, (_, index) => ask(`invented-token-of-a-stranger-${index}`));
  expect(asked.length).toBeLessThanOrEqual(limits.introspectionsAtOnceMax + 1);
  return {
    end: async () => {
      end();
      await Promise.all(answers);
    },
  };
}

test("a flood of invented tokens does not keep out an agent whose token counted when it was last asked about", async () => {
  const under = await underTest();
  expect(await under.ask(opaque)).toBe("identity_token");
  under.clock.pass(limits.introspectionCacheMs);
  const strangers = flood(under);
  expect(await under.ask(opaque)).toBe("identity_token");
  expect(await under.ask("a-stranger-who-comes-too-late")).toBe("provider_unavailable");
  await strangers.end();
});

test("a flood of invented tokens does not keep out a JWT that is asked about as well, as its signature holds", async () => {
  const under = await underTest({ jwts: true });
  const strangers = flood(under);
  expect(await under.ask(await under.issuer.idToken("agent", developer))).toBe("identity_token");
  await strangers.end();
});

test("a token that was refused when it was asked about again is a stranger's like any other", async () => {
  const under = await underTest();
  expect(await under.ask(opaque)).toBe("identity_token");
  under.clock.pass(limits.introspectionCacheMs);
  under.answering.claims = { active: false };
  expect(await under.ask(opaque)).toBe("invalid");
  under.clock.pass(limits.introspectionCacheMs);
  const strangers = flood(under);
  expect(await under.ask(opaque)).toBe("provider_unavailable");
  await strangers.end();
});

test("what is known is asked about within bounds of its own, too", async () => {
  const under = await underTest({ jwts: true });
  const { answering, ask, asked, issuer } = under;
  const { promise: silence, resolve: end } = Promise.withResolvers<void>();
  const { respond } = answering;
  answering.respond = (token) => silence.then(() => respond(token));
  const most = limits.introspectionsAtOnceMax + limits.knownIntrospectionsAtOnceMax;
  const tokens = await Promise.all(
    Array.from({ length: most + 5 }, (_, n) =>
      issuer.idToken("agent", { ...developer, email: `${n}@example.com` }),
    ),
  );
  const answers = tokens.map(ask);
  await expect.poll(() => asked.length).toBe(most);
  end();
  const codes = await Promise.all(answers);
  expect(codes.filter((code) => code === "provider_unavailable")).toHaveLength(5);
});

test.each([
  ["a group is gone", { groups: ["engineering"] }],
  ["the group that lets in is gone", { groups: ["other"] }],
  ["no groups are left", { groups: [] }],
  ["the address is gone", { groups: ["engineering", "other"], email: undefined }],
])(
  "a session does not go on with what its owner has no more, once the issuer is asked again: %s",
  async (_what, claims) => {
    const { ask, answering, clock, facts, identity, store } = await underTest();
    const first = { groups: ["engineering", "other"], email: "d@example.com", email_verified: true };
    answering.claims = first;
    expect(await ask(opaque)).toBe("identity_token");
    const [session] = store.sessions.values();
    const told: string[] = [];
    identity.sessions.onStopped(({ id }) => told.push(id));
    clock.pass(limits.introspectionCacheMs);
    answering.claims = { ...first, ...claims };
    expect(["session_ended", "not_permitted"]).toContain(await ask(opaque));
    expect(told).toEqual([session?.id]);
    expect(facts.at(-1)).toMatchObject({ kind: "session.stopped", cause: { kind: "groups_changed" } });
    answering.claims = first;
    clock.pass(limits.introspectionCacheMs);
    expect(await ask(opaque)).toBe("session_ended");
  },
);

test("a group that is added counts from the next sign-in on, and ends nothing", async () => {
  const { ask, answering, clock, identity } = await underTest();
  await ask(opaque);
  clock.pass(limits.introspectionCacheMs);
  answering.claims = { groups: ["engineering", "sre"] };
  const answer = await identity.authenticator.authenticate(opaque);
  expect(answer).toMatchObject({ kind: "caller", caller: { principal: { groups: ["engineering"] } } });
});

test("a token that its issuer takes back ends its session when it is shown again, with whatever streams there", async () => {
  const { ask, answering, clock, facts } = await underTest();
  expect(await ask(opaque)).toBe("identity_token");
  clock.pass(limits.introspectionCacheMs);
  answering.claims = { active: false };
  expect(await ask(opaque)).toBe("invalid");
  expect(facts.at(-1)).toMatchObject({ kind: "session.stopped", cause: { kind: "token_refused" } });
});

test("an issuer that is down for a moment ends no session", async () => {
  const { ask, answering, clock, facts } = await underTest();
  expect(await ask(opaque)).toBe("identity_token");
  clock.pass(limits.introspectionCacheMs);
  const { respond } = answering;
  answering.respond = async () => new Response("", { status: 503 });
  expect(await ask(opaque)).toBe("provider_unavailable");
  answering.respond = respond;
  expect(await ask(opaque)).toBe("identity_token");
  expect(facts.map(({ kind }) => kind)).toEqual(["session.opened"]);
});
