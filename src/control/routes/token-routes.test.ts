import { expect, test } from "vitest";
import { tokenAnswer, tokenError } from "#api";
import { controlPlaneUnderTest } from "../../../test/fakes/control-plane-under-test.ts";
import { developer, outsider } from "../../../test/fakes/token-issuer.ts";

const exchange = {
  grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
  subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
};

test("refusals have OAuth's shape, and are not to be stored", async () => {
  const { call, bearer, issuer, logged } = await controlPlaneUnderTest();
  const answer = await call("POST", "/v1/token", { form: { ...exchange, subject_token: "a.b.c" } });
  expect([answer.statusCode, tokenError.parse(answer.json()).error]).toEqual([400, "invalid_request"]);
  expect(answer.headers["cache-control"]).toBe("no-store");
  const denied = await call("POST", "/v1/token", {
    form: { ...exchange, subject_token: await bearer("agent", outsider) },
  });
  expect([denied.statusCode, tokenError.parse(denied.json()).error]).toEqual([403, "access_denied"]);
  issuer.isDown = true;
  const under = await controlPlaneUnderTest();
  under.issuer.isDown = true;
  const subject_token = await under.bearer("agent", developer);
  const down = await under.call("POST", "/v1/token", { form: { ...exchange, subject_token } });
  expect([down.statusCode, tokenError.parse(down.json()).error]).toEqual([503, "temporarily_unavailable"]);
  expect(logged.join()).not.toContain("a.b.c");
});

test("a refused exchange is on record, with the reason that its sender does not get", async () => {
  const { call, issuer, audit } = await controlPlaneUnderTest();
  const subject_token = await issuer.idToken("agent", developer, { aud: "somebody-else" });
  const answer = await call("POST", "/v1/token", { form: { ...exchange, subject_token } });
  expect(answer.body).not.toContain("audience");
  expect(audit.entries).toMatchObject([
    {
      kind: "auth.refused",
      detail: { where: "token_exchange", code: "invalid_request", address: "127.0.0.1" },
    },
  ]);
  expect(audit.text()).toContain("audience somebody-else");
  audit.on("auth.refused", () => Promise.reject(new Error("disk full")));
  expect((await call("POST", "/v1/token", { form: { ...exchange, subject_token } })).statusCode).toBe(400);
});

test("JSON is not a form, and a parameter that comes twice is refused", async () => {
  const { call, bearer, app } = await controlPlaneUnderTest();
  const form = { ...exchange, subject_token: await bearer("agent", developer) };
  expect((await call("POST", "/v1/token", { json: form })).json()).toMatchObject({
    error: "invalid_request",
  });
  const headers = { host: "127.0.0.1:8440", "content-type": "application/x-www-form-urlencoded" };
  const payload = `${new URLSearchParams(form).toString()}&subject_token=other`;
  const twice = await app.inject({ method: "POST", url: "/v1/token", headers, payload });
  expect(twice.json()).toMatchObject({ error: "invalid_request" });
});

test("what gcloud sends is answered as gcloud reads it, client credentials and foreign audience ignored", async () => {
  const { call, bearer } = await controlPlaneUnderTest();
  const form = {
    ...exchange,
    audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
    scope: "https://www.googleapis.com/auth/cloud-platform",
    requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
    options: '{"userProject":"p"}',
    subject_token: await bearer("agent", developer),
  };
  const headers = { authorization: `Basic ${Buffer.from("id:secret").toString("base64")}` };
  const answer = await call("POST", "/v1/token", { form, headers });
  expect(answer.statusCode).toBe(200);
  expect(answer.headers["cache-control"]).toBe("no-store");
  const { access_token: token, expires_in: expiresInS } = tokenAnswer.parse(answer.json());
  expect(expiresInS).toBe(600);
  const introspected = await call("POST", "/v1/introspect", {
    form: { token, token_type_hint: "access_token" },
    headers,
  });
  expect(introspected.json()).toMatchObject({
    active: true,
    username: "principal://127.0.0.1:8440/subject/developer@example.com",
    token_type: "Bearer",
    iss: "http://127.0.0.1:8440",
    act: { sub: "unnamed" },
  });
});

test("introspection tells a stranger nothing about what is no live token", async () => {
  const { call, bearer } = await controlPlaneUnderTest();
  for (const form of [{}, { token: "" }, { token: "a.b.c" }, { token: await bearer("agent", developer) }]) {
    const answer = await call("POST", "/v1/introspect", { form });
    expect([answer.statusCode, answer.json()]).toEqual([200, { active: false }]);
  }
});

test("an agent's session is opened, kept by refreshing, and over when an old refresh token comes back", async () => {
  const { call, bearer } = await controlPlaneUnderTest();
  const post = (form: Record<string, string>) => call("POST", "/v1/token", { form });
  const opened = tokenAnswer.parse(
    (
      await post({
        ...exchange,
        subject_token: await bearer("agent", developer),
        agent: "cursor",
        connection: "practice",
      })
    ).json(),
  );
  const refresh = { grant_type: "refresh_token", refresh_token: opened.refresh_token ?? "" };
  const renewed = tokenAnswer.parse((await post(refresh)).json());
  expect(renewed.session_id).toBe(opened.session_id);
  // Until its successor was used, an old token may be a repetition of a lost answer.
  await post({ ...refresh, refresh_token: renewed.refresh_token ?? "" });
  const reused = await post(refresh);
  expect([reused.statusCode, reused.json()]).toMatchObject([400, { error: "invalid_grant" }]);
  expect((await call("GET", "/api/v1/me", { bearer: renewed.access_token })).statusCode).toBe(401);
});

test("the server says what it makes of a token, and no more roles than the token carries", async () => {
  const { call, bearer, openSession } = await controlPlaneUnderTest();
  const person = { email: "all@example.com", groups: ["engineering", "sre"] };
  const me = async (token: string): Promise<unknown> =>
    (await call("GET", "/api/v1/me", { bearer: token })).json();
  expect(await me(await bearer("agent", person))).toMatchObject({
    roles: ["agent-user"],
    proof: "agent_token",
    isFresh: false,
  });
  expect(await me(await bearer("console", person))).toMatchObject({
    roles: ["approver"],
    proof: "console_token",
    isFresh: true,
  });
  const { token, sessionId } = await openSession(person);
  expect(await me(token)).toMatchObject({ roles: ["agent-user"], proof: "gateway_token", sessionId });
  expect(await me("ya29.token")).toMatchObject({ error: { code: "google_credential" } });
});
