import { expect, test } from "vitest";
import { identityUnderTest } from "../../test/fakes/identity-under-test.ts";
import { machineOf, machinesUnderTest } from "../../test/fakes/machine-issuer.ts";
import { developer, startTokenIssuer } from "../../test/fakes/token-issuer.ts";

const exchangeForm = {
  grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
  subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
  agent: "cursor",
};

/** Two providers, and a developer who came in through each. */
async function twoProviders() {
  const parts = await identityUnderTest();
  const { issuer: kept, clock } = parts;
  const gone = await startTokenIssuer(clock, "https://gone.example.com");
  const both = [kept, gone].map((each, index) => ({ ...each.settings, id: `provider-${index}` }));
  const [keptSettings, goneSettings] = both;
  if (keptSettings === undefined || goneSettings === undefined) throw new Error("there are two");
  const networkOf = (issuer: string) => (issuer === gone.settings.issuer ? gone : kept).network;
  const identity = await parts.restart({ issuers: both, networkOf });
  const ask = async (token: string, at = identity): Promise<string> => {
    const answer = await at.authenticator.authenticate(token);
    return answer.kind === "refused" ? answer.code : "caller";
  };
  const gatewayToken = async (from: typeof gone): Promise<string> => {
    const subject_token = await from.idToken("agent", developer);
    const outcome = await identity.tokenEndpoint.answer({ ...exchangeForm, subject_token });
    if (outcome.kind !== "issued") throw new Error(JSON.stringify(outcome));
    return outcome.accessToken;
  };
  const remove = () => identity.replaceProviders({ issuers: [keptSettings], samlProviders: [], networkOf });
  return { ...parts, identity, kept, gone, both, networkOf, ask, gatewayToken, remove, keptSettings };
}

test("a provider that is taken from the configuration vouches for nobody from then on, not even for what was proven a moment ago", async () => {
  const { ask, gatewayToken, kept, gone, remove } = await twoProviders();
  const shown = [await gone.idToken("agent", developer), await gatewayToken(gone)];
  const other = [await kept.idToken("agent", developer), await gatewayToken(kept)];
  for (const token of [...shown, ...other]) expect(await ask(token)).toBe("caller");
  remove();
  expect(await Promise.all(shown.map((token) => ask(token)))).toEqual(["invalid", "session_ended"]);
  expect(await Promise.all(other.map((token) => ask(token)))).toEqual(["caller", "caller"]);
});

test("a login opens nothing once its provider is gone, whatever it calls its machine", async () => {
  const { identity, gone, remove } = await twoProviders();
  const proven = await identity.authenticator.authenticate(await gone.idToken("agent", developer));
  if (proven.kind !== "caller") throw new Error(proven.detail);
  const login = await identity.logins.issue(proven.caller.principal, "ci");
  expect(await identity.logins.find(login.token)).toBeDefined();
  remove();
  expect(await identity.logins.find(login.token)).toBeUndefined();
});

test("a login has no group more than its provider may vouch for now, though that changed while no server ran", async () => {
  const { identity, gone, restart, both, networkOf } = await twoProviders();
  const proven = await identity.authenticator.authenticate(
    await gone.idToken("agent", { ...developer, groups: ["engineering", "sre"] }),
  );
  if (proven.kind !== "caller") throw new Error(proven.detail);
  const { token } = await identity.logins.issue(proven.caller.principal, "laptop");
  const trust = { groups: ["engineering"], emailDomains: ["elsewhere.example"] };
  const again = await restart({ issuers: both.map((each) => ({ ...each, trust })), networkOf });
  expect((await again.logins.find(token))?.principal).toMatchObject({
    groups: ["engineering"],
    email: undefined,
  });
});

test("a provider that is taken away while no server runs has left no session and no login behind that counts", async () => {
  const { restart, ask, gatewayToken, gone, keptSettings, networkOf } = await twoProviders();
  const token = await gatewayToken(gone);
  const again = await restart({ issuers: [keptSettings], networkOf });
  expect(await ask(token, again)).toBe("session_ended");
});

test("nobody signs in with the browser at a provider that is gone, and what it sends back to a sign-in under way is refused", async () => {
  const { identity, gone, remove } = await twoProviders();
  const { location, pending } = await identity.browserSignIn.begin("provider-1", { isFresh: false });
  const callback = gone.signIn(location, developer);
  remove();
  expect(identity.browserSignIn.providers.map(({ id }) => id)).toEqual(["provider-0"]);
  const outcome = await identity.browserSignIn.finish(
    { kind: "oidc", providerId: "provider-1", callback },
    pending,
  );
  expect(outcome).toMatchObject({ kind: "refused", code: "sign_in_refused" });
});

test("a provider that is added is believed at once, and the others keep the keys they have", async () => {
  const { identity, ask, kept, gone, both, networkOf, remove } = await twoProviders();
  remove();
  expect(await ask(await gone.idToken("agent", developer))).toBe("invalid");
  expect(await ask(await kept.idToken("agent", developer))).toBe("caller");
  const fetched = kept.fetched.length;
  identity.replaceProviders({ issuers: both, samlProviders: [], networkOf });
  expect(await ask(await gone.idToken("agent", { ...developer, email: "b@example.com" }))).toBe("caller");
  expect(await ask(await kept.idToken("agent", { ...developer, email: "b@example.com" }))).toBe("caller");
  expect(kept.fetched).toHaveLength(fetched);
});

test("a machine that is taken away is refused at once, and its session is over; another of the same issuer goes on", async () => {
  const condition = (value: string) => [
    { claim: ["job"] as const, demand: { kind: "equals", value } as const },
  ];
  const machines = ["build", "test"].map((name) => machineOf("custom", { name, allow: condition(name) }));
  const { identity, issuer, token, ask, exchange, networkOf } = await machinesUnderTest("custom", machines);
  const [build, testing] = [await token({ job: "build" }), await token({ job: "test", sub: "t" })];
  const issued = await exchange(build, { agent: "x" });
  const gatewayToken = issued.kind === "issued" ? issued.accessToken : "";
  for (const each of [build, testing, gatewayToken]) expect(await ask(each)).not.toBe("invalid");
  identity.replaceProviders({
    issuers: [issuer.settings],
    machines: machines.filter(({ name }) => name === "test"),
    samlProviders: [],
    networkOf,
  });
  expect([await ask(build), await ask(gatewayToken), await ask(testing)]).toEqual([
    "invalid",
    "session_ended",
    "identity_token",
  ]);
});

test("a session that a machine was let in for just before its machine identity was stopped is over when it is opened", async () => {
  const { identity, token } = await machinesUnderTest("custom");
  const proven = await identity.authenticator.authenticate(await token());
  if (proven.kind !== "caller") throw new Error(proven.detail);
  const { sessions } = identity;
  const stopsBefore = sessions.recentStops.count;
  await sessions.stop({ machine: "robot" }, { kind: "provider_changed" });
  const { principal } = proven.caller;
  const open = (machine: string) =>
    sessions.open({
      principal,
      agent: "x",
      connection: undefined,
      workload: { machine, agent: "x", displayName: "x", connections: undefined },
      stopsBefore,
    });
  expect((await open("robot")).stoppedAt).toBeDefined();
  expect((await open("other")).stoppedAt).toBeUndefined();
});
