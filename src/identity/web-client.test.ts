import { SignJWT } from "jose";
import { expect, test } from "vitest";
import { GatehouseError } from "#lib/errors";
import { Secret } from "#lib/secret";
import { identityUnderTest } from "../../test/fakes/identity-under-test.ts";
import { approver, type TokenIssuer } from "../../test/fakes/token-issuer.ts";

const canary = "C4NARY:/+% \u00fc-of-the-web-client";
const basic = `Basic ${btoa("gatehouse-web:C4NARY%3A%2F%2B%25+%C3%BC-of-the-web-client")}`;
const tokenEndpoint = "https://login.example.com/token";

/** A Gatehouse whose web client has a secret, where `read` is what the configuration refers to. */
async function confidential(read = () => new Secret(canary), offered?: unknown) {
  const { issuer, restart } = await identityUnderTest();
  if (offered !== undefined) issuer.discovery = { token_endpoint_auth_methods_supported: offered };
  const settings = { ...issuer.settings, webClientSecret: read };
  const { browserSignIn } = await restart({ issuers: [settings] });
  const begin = () => browserSignIn.begin("oidc", { isFresh: false });
  const signIn = async () => {
    const { location, pending } = await begin();
    const callback = issuer.signIn(location, approver);
    return browserSignIn.finish({ kind: "oidc", providerId: "oidc", callback }, pending);
  };
  return { issuer, browserSignIn, begin, signIn };
}

/** The one request that redeemed a code. */
function redemption({ received }: TokenIssuer) {
  const [first, ...more] = received.filter(({ url }) => url === tokenEndpoint);
  if (first === undefined || more.length > 0) throw new Error("not one redemption");
  return first;
}

const isToldOf = ({ url, headers, form }: TokenIssuer["received"][number]): boolean =>
  [url, ...headers.values(), ...form.values()].some((text) => text.includes(canary) || text.includes(basic));

test("a public client shows its name and no secret", async () => {
  const { issuer, identity } = await identityUnderTest();
  const { location, pending } = await identity.browserSignIn.begin("oidc", { isFresh: false });
  const callback = issuer.signIn(location, approver);
  await identity.browserSignIn.finish({ kind: "oidc", providerId: "oidc", callback }, pending);
  const { headers, form } = redemption(issuer);
  expect(headers.get("authorization")).toBe(null);
  expect([form.get("client_id"), form.has("client_secret")]).toEqual(["gatehouse-web", false]);
});

test.each([
  ["client_secret_basic", ["client_secret_basic"]],
  ["both", ["client_secret_post", "private_key_jwt", "client_secret_basic"]],
  // OpenID Connect Discovery section 3: client_secret_basic is the default.
  ["nothing", undefined],
])("where the provider offers %s the secret goes by HTTP Basic", async (_name, offered) => {
  const { issuer, signIn } = await confidential(undefined, offered);
  expect(await signIn()).toMatchObject({ kind: "signed_in" });
  const { headers, form } = redemption(issuer);
  expect(headers.get("authorization")).toBe(basic);
  expect(form.has("client_secret")).toBe(false);
});

test("where the provider offers client_secret_post alone the secret goes in the form", async () => {
  const { issuer, signIn } = await confidential(undefined, ["none", "client_secret_post"]);
  expect(await signIn()).toMatchObject({ kind: "signed_in" });
  const { headers, form } = redemption(issuer);
  expect(headers.get("authorization")).toBe(null);
  expect([form.get("client_id"), form.get("client_secret")]).toEqual(["gatehouse-web", canary]);
});

test("a client with a secret proves itself by PKCE as well", async () => {
  const { issuer, begin, signIn } = await confidential();
  expect((await begin()).location.searchParams.get("code_challenge_method")).toBe("S256");
  await signIn();
  expect(redemption(issuer).form.get("code_verifier")).toMatch(/^[\w-]{43,}$/);
});

test.each([
  ["takes no secret", ["private_key_jwt", "none"]],
  ["says a word where the list should be", "not client_secret_basic"],
  ["says a number where the list should be", 7],
])("a provider that %s sends nobody to its pages for nothing", async (_name, offered) => {
  const { begin } = await confidential(undefined, offered);
  await expect(begin()).rejects.toMatchObject({
    code: "sign_in_misconfigured",
    message: expect.stringContaining("neither client_secret_basic nor client_secret_post") as unknown,
  });
});

test("the secret goes to the token endpoint and nowhere else, not to discovery, keys or the page for signing out", async () => {
  const { issuer, browserSignIn, signIn } = await confidential(undefined, ["client_secret_post"]);
  issuer.discovery = {
    ...issuer.discovery,
    end_session_endpoint: "https://login.example.com/logout",
    introspection_endpoint: "https://login.example.com/introspect",
    userinfo_endpoint: "https://login.example.com/userinfo",
  };
  const outcome = await signIn();
  if (outcome.kind !== "signed_in" || outcome.atProvider === undefined) throw new Error("not signed in");
  const back = { returnTo: "http://127.0.0.1:8440/signed-out", state: "s" };
  const goodbye = await browserSignIn.signOut(outcome.atProvider, back);
  expect(goodbye?.searchParams.get("id_token_hint")).toBe(outcome.atProvider.idToken.reveal());
  expect(goodbye?.href).not.toContain("C4NARY");
  expect(issuer.received.filter(isToldOf).map(({ url }) => url)).toEqual([tokenEndpoint]);
});

test.each([
  ["in clear", "http://login.example.com/token"],
  ["in a file", "file:///etc/passwd"],
  ["that is a script", "javascript:alert(1)"],
])("a provider that names a token endpoint %s is told no secret", async (_name, endpoint) => {
  const { issuer, begin } = await confidential();
  issuer.discovery = { token_endpoint: endpoint };
  await expect(begin()).rejects.toMatchObject({ code: "provider_unavailable" });
  expect(issuer.received.filter(isToldOf)).toEqual([]);
});

test("a secret that was replaced counts at the next sign-in, without a restart", async () => {
  let now = "the first one";
  const { issuer, signIn } = await confidential(() => new Secret(now), ["client_secret_post"]);
  await signIn();
  now = "the second one";
  await signIn();
  const shown = issuer.received.flatMap(({ form }) => form.get("client_secret") ?? []);
  expect(shown).toEqual(["the first one", "the second one"]);
});

test("a secret that is gone sends nobody to the provider, and redeems no code", async () => {
  const at = "A secret of the configuration is missing: /etc/gatehouse/web cannot be read.";
  let isGone = false;
  const read = (): Secret => {
    if (isGone) throw new GatehouseError("secret_missing", at);
    return new Secret(canary);
  };
  const { issuer, browserSignIn, begin } = await confidential(read);
  const { location, pending } = await begin();
  isGone = true;
  await expect(begin()).rejects.toMatchObject({ code: "sign_in_misconfigured", message: at });
  const callback = issuer.signIn(location, approver);
  expect(await browserSignIn.finish({ kind: "oidc", providerId: "oidc", callback }, pending)).toEqual({
    kind: "refused",
    code: "sign_in_misconfigured",
    detail: at,
  });
  expect(issuer.received.filter(({ url }) => url === tokenEndpoint)).toEqual([]);
});

test.each(["invalid_client", "unauthorized_client"])(
  "a provider that refuses our client (%s) is told from a person it refuses, with a secret and without",
  async (error) => {
    const { issuer, signIn } = await confidential();
    issuer.tokenAnswer = () => Response.json({ error }, { status: 401 });
    expect(await signIn()).toEqual({
      kind: "refused",
      code: "sign_in_misconfigured",
      detail: `the provider refused our client (${error}): is web_client_secret the one it gave to this web_client?`,
    });
    const open = await identityUnderTest();
    open.issuer.tokenAnswer = issuer.tokenAnswer;
    const { location, pending } = await open.identity.browserSignIn.begin("oidc", { isFresh: false });
    const callback = open.issuer.signIn(location, approver);
    expect(
      await open.identity.browserSignIn.finish({ kind: "oidc", providerId: "oidc", callback }, pending),
    ).toMatchObject({
      code: "sign_in_misconfigured",
      detail: `the provider refused our client (${error}): does it want a web_client_secret?`,
    });
  },
);

const echoes: readonly (readonly [string, () => Response])[] = [
  [
    "as a description",
    () => Response.json({ error: "invalid_client", error_description: canary }, { status: 401 }),
  ],
  ["as an error", () => Response.json({ error: canary }, { status: 400 })],
  ["as text", () => new Response(canary, { status: 400 })],
  [
    "as text that should be JSON",
    () => new Response(canary, { headers: { "content-type": "application/json" } }),
  ],
  ["as a page", () => new Response(canary, { headers: { "content-type": "text/html" } })],
  ["as a media type", () => new Response("{}", { headers: { "content-type": `text/x; y="C4NARY"` } })],
  ["as a type of token", () => Response.json({ access_token: "a", token_type: canary })],
  ["as an ID token", () => Response.json({ access_token: "a", token_type: "Bearer", id_token: canary })],
];

test.each(echoes)(
  "a provider that repeats our secret %s gets it into no log and no entry",
  async (_name, answer) => {
    const { issuer, signIn } = await confidential();
    issuer.tokenAnswer = answer;
    const outcome = await signIn();
    // All that leaves this module of a refusal: its detail is for the log and the audit entry.
    expect(outcome.kind).toBe("refused");
    expect(JSON.stringify(outcome)).not.toContain("C4NARY");
  },
);

test("an ID token signed with the client's secret (HS256) proves nobody, though the provider says it might be", async () => {
  const { issuer, browserSignIn, begin } = await confidential();
  issuer.discovery = { id_token_signing_alg_values_supported: ["ES256", "HS256"] };
  const { location, pending } = await begin();
  const callback = issuer.signIn(location, approver);
  const forged = await new SignJWT({
    nonce: pending.kind === "oidc" ? pending.nonce : "",
    email: approver.email,
    email_verified: true,
    groups: [...approver.groups],
    auth_time: Math.floor(Date.now() / 1000),
  })
    .setProtectedHeader({ alg: "HS256" })
    .setIssuer(issuer.settings.issuer)
    .setAudience("gatehouse-web")
    .setSubject("approver")
    .setIssuedAt()
    .setExpirationTime("5m")
    .sign(new TextEncoder().encode(canary));
  issuer.tokenAnswer = () => Response.json({ access_token: "a", token_type: "Bearer", id_token: forged });
  const outcome = await browserSignIn.finish({ kind: "oidc", providerId: "oidc", callback }, pending);
  expect(outcome).toMatchObject({ kind: "refused", code: "sign_in_refused" });
});
