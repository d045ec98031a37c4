import { expect, test } from "vitest";
import { deviceAnswer } from "#api";
import { limits } from "#lib/limits";
import {
  controlPlaneUnderTest,
  type FakeBrowser,
  fakeBrowser,
} from "../../../test/fakes/control-plane-under-test.ts";
import { controlUrl } from "../../../test/fakes/identity-under-test.ts";
import { type SamlProvider, samlProvider } from "../../../test/fakes/saml-provider.ts";
import { approver, developer, type FakePerson, outsider } from "../../../test/fakes/token-issuer.ts";

const everything: FakePerson = {
  email: "all@example.com",
  groups: ["engineering", "sre", "audit", "platform"],
};
const grant = "urn:ietf:params:oauth:grant-type:device_code";
const loginType = "urn:gatehouse:params:oauth:token-type:login";

async function underTest() {
  const under = await controlPlaneUnderTest();
  const begin = async (words: Record<string, string> = {}) => {
    const form = { client_id: "gatehouse-cli", machine: "me@laptop", command: "gatehouse login", ...words };
    const answer = await under.call("POST", "/v1/device", { form });
    return deviceAnswer.parse(answer.json());
  };
  const poll = async (deviceCode: string, clientId = "gatehouse-cli") => {
    under.clock.pass(limits.devicePollIntervalMs);
    const form = { grant_type: grant, device_code: deviceCode, client_id: clientId };
    return (await under.call("POST", "/v1/token", { form })).json<Record<string, string>>();
  };
  return { under, begin, poll };
}

async function typeCode(browser: FakeBrowser, code: string) {
  return browser.post("/device", { form_token: await browser.formToken("/device"), user_code: code });
}

async function decide(browser: FakeBrowser, code: string, verdict = "approve", headers = {}) {
  const form = { form_token: await browser.formToken("/"), user_code: code, verdict };
  return browser.post("/device/decision", form, headers);
}

async function signedIn({ under }: Awaited<ReturnType<typeof underTest>>, person = developer) {
  const browser = fakeBrowser(under);
  await browser.signIn(person, "/sign-in?fresh=1");
  return browser;
}

/** The login of a person, from start to end. */
async function loginOf(parts: Awaited<ReturnType<typeof underTest>>, person = developer): Promise<string> {
  const { device_code, user_code } = await parts.begin();
  const browser = await signedIn(parts, person);
  await typeCode(browser, user_code);
  await decide(browser, user_code);
  return (await parts.poll(device_code))["access_token"] ?? "";
}

const exchange = (token: string) => ({
  grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
  subject_token: token,
  subject_token_type: loginType,
  agent: "cursor",
});

test("a command is signed in by a person who typed its code, saw who asks, and pressed a button", async () => {
  const parts = await underTest();
  const { device_code, user_code, verification_uri } = await parts.begin();
  expect(verification_uri).toBe(`${controlUrl}/device`);
  const browser = await signedIn(parts);
  expect((await typeCode(browser, user_code)).statusCode).toBe(303);
  const page = (await browser.get("/device")).body;
  for (const words of [
    "gatehouse login",
    "me@laptop",
    "127.0.0.1",
    "developer@example.com",
    "never for approving",
  ]) {
    expect(page).toContain(words);
  }
  expect((await parts.poll(device_code))["error"]).toBe("authorization_pending");
  expect((await decide(browser, user_code)).body).toContain("Signed in");
  const answer = await parts.poll(device_code);
  expect(answer).toMatchObject({
    issued_token_type: loginType,
    token_type: "N_A",
    email: "developer@example.com",
  });
  const opened = await parts.under.call("POST", "/v1/token", {
    form: exchange(answer["access_token"] ?? ""),
  });
  expect(opened.json()).toMatchObject({
    token_type: "Bearer",
    session_id: expect.stringMatching(/^ses_/) as unknown,
  });
});

test("showing the page approves nothing, nor does typing the code (no silent approval)", async () => {
  const parts = await underTest();
  const { device_code, user_code } = await parts.begin();
  const browser = await signedIn(parts);
  await browser.get(`/device?user_code=${user_code}`);
  await typeCode(browser, user_code);
  await browser.get("/device");
  expect((await parts.poll(device_code))["error"]).toBe("authorization_pending");
});

test("a code that another browser has claimed cannot be approved here, not even by the same person", async () => {
  const parts = await underTest();
  const { device_code, user_code } = await parts.begin();
  const victim = await signedIn(parts);
  await typeCode(victim, user_code);
  const attacker = await signedIn(parts);
  expect((await typeCode(attacker, user_code)).statusCode).toBe(400);
  expect((await decide(attacker, user_code)).statusCode).toBe(400);
  expect((await parts.poll(device_code))["error"]).toBe("authorization_pending");
});

test("a page elsewhere cannot approve with the person's browser (CSRF)", async () => {
  const parts = await underTest();
  const { device_code, user_code } = await parts.begin();
  const browser = await signedIn(parts);
  await typeCode(browser, user_code);
  expect(
    (await decide(browser, user_code, "approve", { origin: "https://evil.example.com" })).statusCode,
  ).toBe(403);
  const forged = { form_token: "guessed", user_code, verdict: "approve" };
  expect((await browser.post("/device/decision", forged)).statusCode).toBe(403);
  expect((await browser.post("/device", { form_token: "guessed", user_code })).statusCode).toBe(403);
  expect((await parts.poll(device_code))["error"]).toBe("authorization_pending");
});

test("a browser signed in more than five minutes ago signs in again first", async () => {
  const parts = await underTest();
  const { user_code } = await parts.begin();
  const browser = await signedIn(parts);
  await typeCode(browser, user_code);
  const form = { form_token: await browser.formToken("/"), user_code, verdict: "approve" };
  parts.under.clock.pass(limits.approverSignInAgeMsMax + limits.approverSignInSkewMs);
  expect((await browser.post("/device/decision", form)).statusCode).toBe(401);
  expect((await browser.get("/device")).headers.location).toBe("/sign-in?fresh=1&return=%2Fdevice");
  expect((await fakeBrowser(parts.under).get("/device")).headers.location).toBe(
    "/sign-in?fresh=1&return=%2Fdevice",
  );
});

test("guessing user codes is stopped after five", async () => {
  const parts = await underTest();
  const { user_code } = await parts.begin();
  const browser = await signedIn(parts);
  for (let wrong = 0; wrong < limits.wrongUserCodesMax; wrong += 1) {
    expect((await typeCode(browser, "BBBBBBBB")).statusCode).toBe(400);
  }
  expect((await typeCode(browser, user_code)).statusCode).toBe(429);
});

test("a person who refuses is believed: the command is told, and it is on record", async () => {
  const parts = await underTest();
  const { device_code, user_code } = await parts.begin();
  const browser = await signedIn(parts);
  await typeCode(browser, user_code);
  expect((await decide(browser, user_code, "refuse")).body).toContain("Refused");
  expect((await parts.poll(device_code))["error"]).toBe("access_denied");
  expect(parts.under.audit.kinds()).toContain("auth.refused");
});

test("somebody whose groups let no agent work for them signs no command in", async () => {
  const parts = await underTest();
  for (const person of [outsider, approver]) {
    const { device_code, user_code } = await parts.begin();
    const browser = await signedIn(parts, person);
    await typeCode(browser, user_code);
    expect((await decide(browser, user_code)).statusCode).toBe(403);
    expect((await parts.poll(device_code))["error"]).toBe("authorization_pending");
  }
});

test("no command is signed in whose sign-in cannot be recorded", async () => {
  const parts = await underTest();
  const { device_code, user_code } = await parts.begin();
  const browser = await signedIn(parts);
  await typeCode(browser, user_code);
  parts.under.audit.on("auth.signed_in", () => Promise.reject(new Error("disk full")));
  expect((await decide(browser, user_code)).statusCode).toBe(503);
  expect((await parts.poll(device_code))["error"]).toBe("authorization_pending");
});

test("a login made with the browser carries agent-user alone, whatever groups its owner is in", async () => {
  const parts = await underTest();
  const token = await loginOf(parts, everything);
  const me = await parts.under.call("GET", "/api/v1/me", { bearer: token });
  expect(me.json()).toMatchObject({ roles: ["agent-user"], proof: "agent_token", isFresh: false });
  const sessions = await parts.under.call("GET", "/api/v1/sessions", { bearer: token });
  const approvals = await parts.under.call("GET", "/api/v1/approvals", { bearer: token });
  expect([sessions.statusCode, approvals.statusCode]).toEqual([403, 403]);
});

test("a login is no bearer token of the data plane", async () => {
  const parts = await underTest();
  const token = await loginOf(parts);
  expect((await parts.under.identity.authenticator.authenticate(token)).kind).toBe("refused");
});

test("a login that was forgotten opens nothing more, and telling so twice changes nothing", async () => {
  const parts = await underTest();
  const token = await loginOf(parts);
  for (const each of [token, token, "nonsense"]) {
    expect((await parts.under.call("POST", "/v1/revoke", { form: { token: each } })).statusCode).toBe(200);
  }
  const refused = await parts.under.call("POST", "/v1/token", { form: exchange(token) });
  expect(refused.json()).toMatchObject({ error: "invalid_request" });
  expect((await parts.under.call("GET", "/api/v1/me", { bearer: token })).statusCode).toBe(401);
});

test("a login ends after twelve hours, and no session that it opened goes on after it", async () => {
  const parts = await underTest();
  const token = await loginOf(parts);
  parts.under.clock.pass(limits.loginLifeMs - 60_000);
  const opened = await parts.under.call("POST", "/v1/token", { form: exchange(token) });
  const { session_id } = opened.json<{ session_id: string }>();
  parts.under.clock.pass(60_000);
  expect((await parts.under.identity.sessions.find(session_id)).kind).toBe("over");
  expect((await parts.under.call("POST", "/v1/token", { form: exchange(token) })).statusCode).toBe(400);
});

test.each([
  ["another client", { client_id: "evil" }],
  ["no machine", { machine: "" }],
  ["a machine that hides what it is called", { machine: "a\u202eb" }],
  ["a command as long as a page", { command: "x".repeat(limits.deviceWordsCharsMax + 1) }],
])("a request of %s gets no code", async (_name, words) => {
  const { under } = await underTest();
  const form = { client_id: "gatehouse-cli", machine: "m", command: "c", ...words };
  expect((await under.call("POST", "/v1/device", { form })).statusCode).toBe(400);
});

test("what a machine calls itself is text on the page that asks", async () => {
  const parts = await underTest();
  const { user_code } = await parts.begin({ machine: '<script>alert(1)</script>"' });
  const browser = await signedIn(parts);
  await typeCode(browser, user_code);
  const { body } = await browser.get("/device");
  expect([body.includes("<script"), body.includes("&lt;script&gt;")]).toEqual([false, true]);
});

test("people of a SAML provider have agents too: they sign the command in with their browser", async () => {
  const found: { provider?: SamlProvider } = {};
  const under = await controlPlaneUnderTest({}, async (clock) => {
    found.provider = await samlProvider(clock, controlUrl);
    return { samlProviders: [found.provider.settings] };
  });
  const form = { client_id: "gatehouse-cli", machine: "laptop", command: "gatehouse login" };
  const codes = deviceAnswer.parse((await under.call("POST", "/v1/device", { form })).json());
  const browser = fakeBrowser(under);
  const begun = await browser.get("/sign-in?provider=corp&fresh=1&return=/device");
  const answer = found.provider?.answer(new URL(String(begun.headers.location)), developer) ?? "";
  const posted = await under.call("POST", "/saml/corp/acs", { form: { SAMLResponse: answer } });
  expect((await browser.get(String(posted.headers.location))).headers.location).toBe("/device");
  await typeCode(browser, codes.user_code);
  await decide(browser, codes.user_code);
  under.clock.pass(limits.devicePollIntervalMs);
  const login = await under.call("POST", "/v1/token", {
    form: { grant_type: grant, device_code: codes.device_code, client_id: "gatehouse-cli" },
  });
  const { access_token } = login.json<{ access_token: string }>();
  const me = await under.call("GET", "/api/v1/me", { bearer: access_token });
  expect(me.json()).toMatchObject({
    principal: { issuer: found.provider?.settings.issuer },
    roles: ["agent-user"],
  });
});
