import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { PendingSignIn, SignInOutcome } from "#identity";
import { controlUrl, identityUnderTest } from "../../test/fakes/identity-under-test.ts";
import { approver } from "../../test/fakes/token-issuer.ts";

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);

async function underTest() {
  const parts = await identityUnderTest();
  const { browserSignIn } = parts.identity;
  const finish = async (callback: URL, pending: PendingSignIn): Promise<string> => {
    const outcome: SignInOutcome = await browserSignIn.finish(
      { kind: "oidc", providerId: "oidc", callback },
      pending,
    );
    return outcome.kind === "signed_in" ? `signed in ${outcome.identity.principal.email}` : outcome.code;
  };
  const begin = async (isFresh = false) => {
    const { location, pending } = await browserSignIn.begin("oidc", { isFresh });
    if (pending.kind !== "oidc") throw new Error("begun at the OpenID Connect provider");
    return { location, pending };
  };
  return { ...parts, begin, finish };
}

test("an answer with another state is refused (login CSRF)", async () => {
  const { issuer, begin, finish } = await underTest();
  const { location, pending } = await begin();
  const callback = issuer.signIn(location, approver);
  callback.searchParams.set("state", "forged");
  expect(await finish(callback, pending)).toBe("sign_in_refused");
});

test("a code of another browser's sign-in is refused (code injection)", async () => {
  const { issuer, begin, finish } = await underTest();
  const attacker = await begin();
  const victim = await begin();
  const callback = issuer.signIn(attacker.location, approver);
  callback.searchParams.set("state", victim.pending.state);
  expect(await finish(callback, victim.pending)).toBe("sign_in_refused");
});

test("a code that comes twice is refused the second time", async () => {
  const { issuer, begin, finish } = await underTest();
  const { location, pending } = await begin();
  const callback = issuer.signIn(location, approver);
  expect(await finish(callback, pending)).toBe("signed in approver@example.com");
  expect(await finish(callback, pending)).toBe("sign_in_refused");
});

test.each([
  ["another provider's", "https://evil.example.com"],
  ["no", undefined],
])("an answer with %s iss is refused (mix-up, RFC 9207)", async (_name, iss) => {
  const { issuer, begin, finish } = await underTest();
  const { location, pending } = await begin();
  const callback = issuer.signIn(location, approver);
  if (iss === undefined) callback.searchParams.delete("iss");
  else callback.searchParams.set("iss", iss);
  expect(await finish(callback, pending)).toBe("sign_in_refused");
});

test.each([
  ["with another nonce", { nonce: "of another sign-in" }],
  ["without a nonce", { nonce: undefined }],
  ["for another client", { aud: "gatehouse-console" }],
  ["of another issuer", { iss: "https://evil.example.com" }],
  ["without auth_time", { auth_time: undefined }],
  ["from a sign-in long ago", { auth_time: 1 }],
])("an ID token %s is refused", async (_name, claims) => {
  const { issuer, begin, finish } = await underTest();
  const { location, pending } = await begin();
  issuer.codeClaims = claims;
  expect(await finish(issuer.signIn(location, approver), pending)).toBe("sign_in_refused");
});

test.each(["at_hash", "c_hash"])("an ID token whose %s is of another answer is refused", async (name) => {
  const hashOf = (text: string): string =>
    createHash("sha256").update(text).digest().subarray(0, 16).toString("base64url");
  const { issuer, begin, finish } = await underTest();
  const outcomeOf = async (hash: (callback: URL) => unknown): Promise<string> => {
    const { location, pending } = await begin();
    const callback = issuer.signIn(location, approver);
    issuer.codeClaims = { [name]: hash(callback) };
    return finish(callback, pending);
  };
  expect(await outcomeOf(() => hashOf("of another answer"))).toBe("sign_in_refused");
  expect(await outcomeOf(() => "")).toBe("sign_in_refused");
  expect(await outcomeOf(() => 7)).toBe("sign_in_refused");
  const right = (callback: URL): string =>
    hashOf(name === "at_hash" ? "provider-token" : (callback.searchParams.get("code") ?? ""));
  expect(await outcomeOf(right)).toBe("signed in approver@example.com");
});

test("a person whose groups the provider keeps elsewhere is not signed in, and told why", async () => {
  const { issuer, begin, finish } = await underTest();
  const { location, pending } = await begin();
  issuer.codeClaims = { _claim_names: { groups: "src1" } };
  expect(await finish(issuer.signIn(location, approver), pending)).toBe("groups_overage");
});

test("an ID token whose signature is another key's is refused, though it came over TLS", async () => {
  const { issuer, begin, finish } = await underTest();
  const { location, pending } = await begin();
  const callback = issuer.signIn(location, approver);
  issuer.jwks = { keys: [] };
  expect(await finish(callback, pending)).toBe("provider_unavailable");
});

test("a provider's error is a refusal, not a sign-in", async () => {
  const { begin, finish } = await underTest();
  const { pending } = await begin();
  const callback = new URL(
    `${controlUrl}/sign-in/callback?error=access_denied&state=${pending.state}&iss=https://login.example.com`,
  );
  expect(await finish(callback, pending)).toBe("sign_in_refused");
});

test("a provider that is down is said to be, and asked again the next time", async () => {
  const { issuer, begin } = await underTest();
  issuer.isDown = true;
  await expect(begin()).rejects.toMatchObject({ code: "provider_unavailable" });
  issuer.isDown = false;
  expect((await begin()).location.origin).toBe("https://login.example.com");
});

test("a discovery document that names another issuer leads nowhere", async () => {
  const { issuer, begin } = await underTest();
  issuer.discovery = { issuer: "https://evil.example.com" };
  await expect(begin()).rejects.toMatchObject({ code: "provider_unavailable" });
});

test("a sign-in asks with code, PKCE S256, state and nonce of its own, and the exact redirect address", async () => {
  const { begin } = await underTest();
  const { location } = await begin();
  const query = Object.fromEntries(location.searchParams);
  expect(query).toMatchObject({
    response_type: "code",
    client_id: "gatehouse-web",
    redirect_uri: `${controlUrl}/sign-in/callback`,
    code_challenge_method: "S256",
    code_challenge: matching(/^[\w-]{43}$/),
    max_age: "3600",
  });
  expect(query).not.toHaveProperty("prompt");
  const other = (await begin()).location.searchParams;
  for (const name of ["state", "nonce", "code_challenge"]) expect(other.get(name)).not.toBe(query[name]);
});

test("a sign-in for an act asks the person, whatever the browser remembers", async () => {
  const { location } = await (await underTest()).begin(true);
  expect(location.searchParams.get("prompt")).toBe("login");
  expect(location.searchParams.get("max_age")).toBe("300");
});

test("where a stronger sign-in is demanded for acts, it is asked for, and a weaker one is nobody who is there", async () => {
  const { issuer, restart } = await underTest();
  const { browserSignIn } = await restart({ issuers: [{ ...issuer.settings, stepUpAcr: ["mfa", "phr"] }] });
  const signIn = async (isFresh: boolean, acr?: string) => {
    const { location, pending } = await browserSignIn.begin("oidc", { isFresh });
    issuer.codeClaims = { acr };
    const callback = issuer.signIn(location, approver);
    const outcome = await browserSignIn.finish({ kind: "oidc", providerId: "oidc", callback }, pending);
    const isSeen = outcome.kind === "signed_in" && outcome.identity.signedInAt !== undefined;
    return [location.searchParams.get("acr_values"), isSeen];
  };
  expect(await signIn(true, "phr")).toEqual(["mfa phr", true]);
  expect(await signIn(true, "pwd")).toEqual(["mfa phr", false]);
  expect(await signIn(true)).toEqual(["mfa phr", false]);
  expect(await signIn(false, "pwd")).toEqual([null, false]);
});

test("who signs in is whom the ID token names: userinfo, which could name somebody else, is never asked", async () => {
  const { issuer, begin, finish } = await underTest();
  issuer.discovery = { userinfo_endpoint: "https://login.example.com/userinfo" };
  const { location, pending } = await begin();
  expect(await finish(issuer.signIn(location, approver), pending)).toBe("signed in approver@example.com");
  expect(issuer.fetched).not.toContain("https://login.example.com/userinfo");
});
