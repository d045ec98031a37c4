import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import {
  type ControlPlaneUnderTest,
  controlPlaneUnderTest,
  fakeBrowser,
} from "../../../test/fakes/control-plane-under-test.ts";
import { backChannelEvent, logoutToken } from "../../../test/fakes/logout-token.ts";
import { approver, developer, type FakePerson, readPart } from "../../../test/fakes/token-issuer.ts";

const path = "/sign-in/back-channel-logout";
const send = (under: ControlPlaneUnderTest, token: string, to = path) =>
  under.call("POST", to, { form: { logout_token: token } });

/** An approver with a browser, a session of theirs, and a second before the provider says anything. */
async function signedIn(person: FakePerson = { ...approver, groups: ["sre", "engineering"] }) {
  const under = await controlPlaneUnderTest();
  under.issuer.codeClaims = { sid: "sid-1" };
  const browser = fakeBrowser(under);
  await browser.signIn(person);
  const agent = await under.openSession(person);
  under.clock.pass(2000);
  return { under, browser, agent, person };
}

type Claims = Record<string, unknown>;
type Case = readonly [name: string, claims: Claims, header?: Claims];

const cases: readonly Case[] = [
  ["an ID token, whose typ is JWT", {}, { typ: "JWT" }],
  ["a token without a typ", {}, { typ: undefined }],
  ["an access token (at+jwt)", {}, { typ: "at+jwt" }],
  ["a DPoP proof (dpop+jwt)", {}, { typ: "dpop+jwt" }],
  ["a security event (secevent+jwt)", {}, { typ: "secevent+jwt" }],
  ["a nonce", { nonce: "n" }],
  ["an empty nonce", { nonce: "" }],
  ["another audience", { aud: "somebody-else" }],
  ["one audience more than ours", { aud: ["gatehouse-web", "somebody-else"] }],
  ["no audience", { aud: undefined }],
  ["another issuer", { iss: "https://evil.example.com" }],
  ["our issuer with a slash behind it", { iss: "https://login.example.com/" }],
  ["no issuer", { iss: undefined }],
  ["no events", { events: undefined }],
  ["another event", { events: { "http://schemas.openid.net/event/other": {} } }],
  ["an event that is no object", { events: { [backChannelEvent]: true } }],
  ["events as a list", { events: [backChannelEvent] }],
  ["no jti", { jti: undefined }],
  ["no iat", { iat: undefined }],
  ["neither sub nor sid", { sub: undefined }],
  ["an empty sub", { sub: "" }],
  ["a sub that is no text", { sub: { $ne: "" } }],
  ["a sid of somebody else", { sub: "sub-of-somebody", sid: "sid-1" }],
];

test.each(cases.map(([name, claims, header = {}]) => [name, claims, header] as const))(
  "a logout token with %s ends nothing, and is on record",
  async (_name, claims, header) => {
    const { under, browser, person } = await signedIn();
    const answer = await send(under, await logoutToken(under.issuer, person, claims, header));
    expect([answer.statusCode, answer.json()]).toMatchObject([400, { error: "invalid_request" }]);
    expect((await browser.get("/approvals")).statusCode).toBe(200);
    expect(under.audit.entries.at(-1)).toMatchObject({
      kind: "auth.refused",
      detail: { where: "back_channel_logout" },
    });
  },
);

test.each([
  ["expired", { exp: 1 }],
  ["issued three minutes ago", { iat: "old" }],
  ["issued in the future", { iat: "future" }],
])("a logout token that is %s ends nothing", async (_name, claims) => {
  const { under, browser, person } = await signedIn();
  const nowS = Math.floor(under.clock.now().getTime() / 1000);
  const iat = { old: nowS - 240, future: nowS + 240 }["iat" in claims ? claims.iat : ""];
  const changed = iat === undefined ? claims : { iat };
  expect((await send(under, await logoutToken(under.issuer, person, changed))).statusCode).toBe(400);
  expect((await browser.get("/approvals")).statusCode).toBe(200);
});

test.each(["none", "HS256", "RS256"])(
  "a logout token signed with %s ends nothing (wrong algorithm)",
  async (alg) => {
    const { under, browser, person } = await signedIn();
    const honest = await logoutToken(under.issuer, person);
    const header = { ...readPart(honest, "header"), alg };
    const [, claims = "", signature = ""] = honest.split(".");
    const input = `${Buffer.from(JSON.stringify(header)).toString("base64url")}.${claims}`;
    // A secret that anybody knows.
    const mac = createHmac("sha256", under.issuer.settings.issuer).update(input).digest("base64url");
    const forged = `${input}.${alg === "HS256" ? mac : signature}`;
    expect((await send(under, forged)).statusCode).toBe(400);
    expect((await browser.get("/approvals")).statusCode).toBe(200);
  },
);

test("a logout token of another provider's keys ends nothing", async () => {
  const { under, browser, person } = await signedIn();
  const other = await controlPlaneUnderTest();
  expect((await send(under, await logoutToken(other.issuer, person))).statusCode).toBe(400);
  expect((await browser.get("/approvals")).statusCode).toBe(200);
});

test("a logout token counts once: replayed after the next sign-in it ends nothing", async () => {
  const { under, browser, person } = await signedIn();
  const token = await logoutToken(under.issuer, person);
  expect((await send(under, token)).statusCode).toBe(200);
  under.clock.pass(1000);
  await browser.signIn(person);
  expect((await send(under, token)).statusCode).toBe(400);
  expect((await browser.get("/approvals")).statusCode).toBe(200);
});

test("a logout token is no ID token: it opens no session and signs nobody in", async () => {
  const { under, person } = await signedIn();
  const token = await logoutToken(under.issuer, person, { email: person.email, groups: person.groups });
  const form = {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: token,
    subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
  };
  expect((await under.call("POST", "/v1/token", { form })).statusCode).toBe(400);
  expect((await under.call("GET", "/api/v1/me", { bearer: token })).statusCode).toBe(401);
});

test.each([
  ["nothing", {}],
  ["JSON", { json: { logout_token: "x" } }],
  ["the token twice", { form: { logout_token: "a.b.c" }, headers: {} }],
])("%s is no logout", async (_name, options) => {
  const { under } = await signedIn();
  expect((await under.call("POST", path, options)).statusCode).toBe(400);
});

test("a provider that is not configured, or not an OpenID Connect one, ends nothing", async () => {
  const { under, browser, person } = await signedIn();
  const token = await logoutToken(under.issuer, person);
  expect((await send(under, token, `${path}/corp`)).statusCode).toBe(400);
  expect((await browser.get("/approvals")).statusCode).toBe(200);
});

test("logout tokens are limited for each address", async () => {
  const { under } = await signedIn();
  let last = 0;
  for (let count = 0; count <= limits.logoutsPerMinuteMax; count += 1)
    last = (await send(under, "a.b.c")).statusCode;
  expect(last).toBe(429);
});

test("a provider whose keys cannot be had is told to try again, and nothing is ended", async () => {
  const under = await controlPlaneUnderTest();
  const token = await logoutToken(under.issuer, developer);
  under.issuer.isDown = true;
  expect((await send(under, token)).statusCode).toBe(503);
});

test.each([
  ["sub", {}],
  ["sub and sid", { sid: "sid-1" }],
  ["sid alone", { sub: undefined, sid: "sid-1" }],
])("a logout token with %s ends browser, agents' sessions and the tokens at once", async (_name, claims) => {
  const { under, browser, agent, person } = await signedIn();
  const stored = await under.issuer.idToken("agent", person);
  under.clock.pass(1000);
  const answer = await send(under, await logoutToken(under.issuer, person, claims));
  expect([answer.statusCode, answer.headers["cache-control"]]).toEqual([200, "no-store"]);
  // The browser is sent to sign in, the agent's token is worth nothing, and what is stored opens no other session.
  expect((await browser.get("/approvals")).headers.location).toContain("/sign-in");
  expect((await under.identity.authenticator.authenticate(agent.token)).kind).toBe("refused");
  expect((await under.identity.authenticator.authenticate(stored)).kind).toBe("refused");
  expect(under.facts.at(-1)).toMatchObject({
    kind: "session.stopped",
    sessionId: agent.sessionId,
    cause: { kind: "signed_out_at_provider" },
  });
  expect(under.audit.entries.at(-1)).toMatchObject({
    kind: "auth.signed_out",
    detail: { where: "back_channel", browsers: 1, sessions: 1, logins: 0 },
  });
});

test("a stored device login, and one that was approved and not fetched yet, end with it", async () => {
  const { under, person } = await signedIn();
  const { principal } = await principalOf(under, person);
  const { token } = await under.identity.logins.issue(principal, "laptop");
  const { deviceSignIns } = under.identity;
  const codes = deviceSignIns.begin({ clientId: "c", machine: "m", command: "x", address: "a" });
  deviceSignIns.claim(codes?.userCode ?? "", { browserId: "b", principalId: principal.id });
  deviceSignIns.decide(codes?.userCode ?? "", "b", principal);
  await send(under, await logoutToken(under.issuer, person));
  expect(await under.identity.logins.find(token)).toBeUndefined();
  expect(deviceSignIns.poll(codes?.deviceCode ?? "", "c")).toEqual({ kind: "denied" });
  expect(under.audit.entries.at(-1)).toMatchObject({ detail: { logins: 1 } });
});

test("nobody else is signed out with them", async () => {
  const { under, person } = await signedIn();
  const other = fakeBrowser(under);
  under.issuer.codeClaims = { sid: "sid-2" };
  await other.signIn({ email: "second@example.com", groups: ["sre"] });
  const otherAgent = await under.openSession(developer);
  await send(under, await logoutToken(under.issuer, person));
  expect((await other.get("/approvals")).statusCode).toBe(200);
  expect((await under.identity.authenticator.authenticate(otherAgent.token)).kind).toBe("caller");
});

test("a session nobody came here with is answered like any other, and ends nothing", async () => {
  const { under, browser, person } = await signedIn();
  const token = await logoutToken(under.issuer, person, { sub: undefined, sid: "unknown" });
  expect((await send(under, token)).statusCode).toBe(200);
  expect((await browser.get("/approvals")).statusCode).toBe(200);
});

test("what cannot be recorded has ended all the same, and the provider hears that something is wrong", async () => {
  const { under, browser, agent, person } = await signedIn();
  const token = await logoutToken(under.issuer, person);
  under.audit.on("auth.signed_out", () => Promise.reject(new Error("disk full")));
  expect((await send(under, token)).statusCode).toBe(503);
  expect((await browser.get("/approvals")).statusCode).toBe(303);
  expect((await under.identity.authenticator.authenticate(agent.token)).kind).toBe("refused");
});

async function principalOf(under: ControlPlaneUnderTest, person: FakePerson) {
  const verdict = await under.identity.authenticator.authenticate(
    await under.issuer.idToken("agent", person),
  );
  if (verdict.kind !== "caller") throw new Error("nobody");
  return verdict.caller;
}
