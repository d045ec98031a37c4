import { generateKeyPairSync } from "node:crypto";
import { SignJWT } from "jose";
import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { machineAttacks } from "../../../test/fakes/machine-attacks.ts";
import {
  machineKindNames as kinds,
  machineAudience,
  machineIssuers,
  machineOf,
  machinesUnderTest,
} from "../../../test/fakes/machine-issuer.ts";
import { developer, readPart } from "../../../test/fakes/token-issuer.ts";

test.each(kinds)("an honest token of %s is let in directly and traded for a gateway token", async (kind) => {
  const { token, ask, exchange } = await machinesUnderTest(kind);
  expect(await ask(await token())).toBe("identity_token");
  expect((await exchange(await token(), { agent: "x" })).kind).toBe("issued");
});

test.each(machineAttacks)("a machine's token %s is refused (%s)", async (_name, kind, claims) => {
  const { token, ask, exchange, facts } = await machinesUnderTest(kind);
  const forged = await token(claims);
  expect(["invalid", "google_credential"]).toContain(await ask(forged));
  expect(await exchange(forged)).toMatchObject({ kind: "refused", error: "invalid_request" });
  expect(facts).toEqual([]);
});

test.each(kinds)("a token of %s signed by somebody else's key is refused", async (kind) => {
  const { token, ask } = await machinesUnderTest(kind);
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const claims = readPart(await token(), "claims");
  const forged = await new SignJWT(claims)
    .setProtectedHeader({ alg: "ES256", kid: "robot-key" })
    .sign(privateKey);
  expect(await ask(forged)).toBe("invalid");
});

test.each(kinds)("a token of %s that has expired, or is a day old, is refused", async (kind) => {
  const { token, ask, clock } = await machinesUnderTest(kind);
  const nowS = clock.now().getTime() / 1000;
  expect(await ask(await token({ exp: nowS - 61 }))).toBe("expired");
  const ageS = limits.identityTokenAgeMsMax / 1000;
  expect(await ask(await token({ iat: nowS - ageS - 61, exp: nowS + 60 }))).toBe("expired");
});

test.each(kinds)(
  "an access or logout token of %s's issuer does not stand in for its ID token",
  async (kind) => {
    const { token, ask } = await machinesUnderTest(kind);
    for (const typ of ["at+jwt", "logout+jwt"]) expect(await ask(await token({}, { typ }))).toBe("invalid");
  },
);

test("an event that strangers start is let in where a condition names it", async () => {
  const allow = [
    ...machineOf("github_actions").allow,
    { claim: ["event_name"] as const, demand: { kind: "equals", value: "workflow_run" } as const },
  ];
  const { token, ask } = await machinesUnderTest("github_actions", [machineOf("github_actions", { allow })]);
  expect(await ask(await token({ event_name: "workflow_run" }))).toBe("identity_token");
  expect(await ask(await token({ event_name: "push" }))).toBe("invalid");
});

test("a job outside the environment that is asked for is refused, and so is one without any", async () => {
  const allow = [
    ...machineOf("github_actions").allow,
    { claim: ["environment"] as const, demand: { kind: "equals", value: "production" } as const },
  ];
  const { token, ask } = await machinesUnderTest("github_actions", [machineOf("github_actions", { allow })]);
  expect(await ask(await token())).toBe("identity_token");
  expect(await ask(await token({ environment: "staging" }))).toBe("invalid");
  expect(await ask(await token({ environment: undefined }))).toBe("invalid");
});

test("where two machine identities fit, nobody is let in", async () => {
  const machines = [
    machineOf("custom"),
    machineOf("custom", { name: "twin", groups: ["engineering", "sre"] }),
  ];
  const { token, ask } = await machinesUnderTest("custom", machines);
  expect(await ask(await token())).toBe("invalid");
});

test("groups come from the configuration: what a machine's token says of groups counts for nothing", async () => {
  const { token, identity } = await machinesUnderTest("custom");
  const answer = await identity.authenticator.authenticate(await token({ groups: ["sre", "platform"] }));
  if (answer.kind === "refused") throw new Error(answer.detail);
  expect(answer.caller.principal.groups).toEqual(["engineering"]);
});

test("a machine never votes, reads the audit or administers, even if its groups came to hold such a role", async () => {
  const parts = await machinesUnderTest("custom", [
    machineOf("custom", { groups: ["engineering", "sre", "audit", "platform"] }),
  ]);
  for (const bearer of [await parts.token(), await gatewayTokenOf(parts)]) {
    const verdict = await parts.identity.actors.identify(bearer);
    expect(verdict).toMatchObject({ kind: "actor", actor: { roles: ["agent-user"], signedInAt: undefined } });
  }
});

async function gatewayTokenOf({
  exchange,
  token,
}: Awaited<ReturnType<typeof machinesUnderTest>>): Promise<string> {
  const outcome = await exchange(await token(), { agent: "x" });
  if (outcome.kind !== "issued") throw new Error(outcome.kind);
  return outcome.accessToken;
}

test("a person's token of the same issuer is not a machine's, nor a machine's a person's", async () => {
  const shared = machineOf("custom", { issuer: "https://login.example.com" });
  const { identity, issuer, restart } = await machinesUnderTest("custom");
  const both = await restart({ machines: [shared] });
  const asks = async (text: string): Promise<string> => {
    const answer = await both.authenticator.authenticate(text);
    return answer.kind === "refused" ? answer.code : answer.caller.principal.groups.join(" ");
  };
  expect(await asks(await issuer.idToken("agent", developer, { sub: "build-7" }))).toBe("engineering");
  expect(await asks(await issuer.idToken("console", developer, { sub: "build-7" }))).toBe("invalid");
  const machines = await issuer.idToken(
    "agent",
    { email: "x@example.com", groups: ["sre"] },
    { aud: machineAudience, sub: "build-7" },
  );
  expect(await asks(machines)).toBe("engineering");
  const person = await issuer.idToken("agent", developer, { aud: machineAudience });
  expect(await asks(person)).toBe("invalid");
  expect(identity.sessions.epoch).toBe(0);
});

test("the person stays the subject and the cloud agent the actor, in the gateway token and on record", async () => {
  const parts = await machinesUnderTest("cursor");
  const claims = readPart(await gatewayTokenOf(parts), "claims");
  const [fact] = parts.facts;
  if (fact?.kind !== "session.opened") throw new Error("no session");
  const { principal, agent } = fact.session;
  expect(claims).toMatchObject({ sub: principal.id, act: { sub: "cursor bc-0001" } });
  expect([principal.subject, principal.email, agent]).toEqual([
    "user:u_42",
    "developer@example.com",
    "cursor bc-0001",
  ]);
  expect(fact.workload).toMatchObject({ machine: "robot", displayName: "developer@example.com" });
});

test("who started a workflow is not its principal: the repository is, by its id, and the run is the agent", async () => {
  const parts = await machinesUnderTest("github_actions");
  await parts.ask(await parts.token());
  await parts.ask(
    await parts.token({ actor: "somebody-else", sub: "customised", repository: "octo/renamed" }),
  );
  const sessions = parts.facts.map((fact) => (fact.kind === "session.opened" ? fact.session : undefined));
  expect(new Set(sessions.map((session) => session?.principal.id)).size).toBe(1);
  expect(sessions[0]?.principal.subject).toBe("repository_id:74");
  expect(sessions[0]?.agent).toBe(
    "github_actions octo/deploy/.github/workflows/deploy.yml@refs/heads/main 1234567890",
  );
});

test("what a workload calls itself does not hide what its issuer says runs there", async () => {
  const parts = await machinesUnderTest("kubernetes");
  await parts.exchange(await parts.token(), { agent: "a person's laptop" });
  const [fact] = parts.facts;
  expect(fact?.kind === "session.opened" && fact.session.agent).toBe("kubernetes runner-7d9f");
});

test("an owner's address of a domain that Cursor may not vouch for counts for nothing", async () => {
  const { token, identity } = await machinesUnderTest("cursor");
  const answer = await identity.authenticator.authenticate(await token({ owner_email: "ceo@other.example" }));
  expect(answer).toMatchObject({ kind: "caller", caller: { principal: { email: undefined } } });
});

test("a machine bound to one connection uses no other, by its own token or a traded one", async () => {
  const parts = await machinesUnderTest("custom", [machineOf("custom", { connections: ["practice"] })]);
  const answer = await parts.identity.authenticator.authenticate(await parts.token());
  expect(answer).toMatchObject({ kind: "caller", caller: { session: { connection: "practice" } } });
  const outcome = await parts.exchange(await parts.token(), { agent: "x" });
  expect(outcome.kind).toBe("issued");
  const sessions = parts.facts.map((fact) => fact.kind === "session.opened" && fact.session.connection);
  expect(sessions).toEqual(["practice", "practice"]);
});

test("a machine that may use several connections names one of them, and is refused any other", async () => {
  const connections = ["lab", "prod"];
  const parts = await machinesUnderTest("custom", [machineOf("custom", { connections })]);
  expect(await parts.exchange(await parts.token(), { connection: "practice" })).toMatchObject({
    error: "invalid_target",
  });
  expect(await parts.exchange(await parts.token(), { agent: "x" })).toMatchObject({
    error: "invalid_target",
  });
  expect(await parts.ask(await parts.token())).toBe("not_permitted");
  expect(parts.facts).toEqual([]);
});

test("a machine's session ends within an hour, whatever is refreshed", async () => {
  const parts = await machinesUnderTest("custom");
  await parts.exchange(await parts.token(), { agent: "x" });
  const [fact] = parts.facts;
  if (fact?.kind !== "session.opened") throw new Error("no session");
  const { startedAt, endsAt } = fact.session;
  expect(endsAt.getTime() - startedAt.getTime()).toBe(limits.machineSessionLifeMsMax);
});

test("a machine's token is proven anew after a minute, and at once when any session was stopped", async () => {
  const { token, ask, identity, clock } = await machinesUnderTest("custom");
  const text = await token();
  await ask(text);
  const cause = {
    kind: "person" as const,
    principal: { id: "p", issuer: "i", subject: "s", email: undefined, groups: [] },
  };
  const [session] = await identity.sessions.list(1);
  await identity.sessions.stop({ id: session?.id ?? "" }, cause);
  expect(await ask(text)).toBe("session_ended");
  clock.pass(limits.authenticationCacheMs);
  expect(await ask(text)).toBe("session_ended");
});

test("another machine's issuer is nobody's: each is judged by its own keys", async () => {
  const { token, ask } = await machinesUnderTest("custom");
  expect(await ask(await token({ iss: machineIssuers.kubernetes }))).toBe("invalid");
});
