import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { get } from "node:http";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DEVELOPMENT_GRANT, type IdentityProvider, startIdentityProvider } from "#practice/identity-provider";

const REDIRECT = "http://127.0.0.1:43210/callback";
const WEB_REDIRECT = "http://127.0.0.1:8440/sign-in/callback";

let provider: IdentityProvider;

beforeAll(async () => {
  provider = await startIdentityProvider({ webRedirectUris: [WEB_REDIRECT] });
});

afterAll(() => provider.close());

interface Tokens {
  readonly id_token?: string;
  readonly refresh_token?: string;
  readonly error?: string;
  readonly error_description?: string;
}

/** A browser reduced to its cookies. Sees pages, follows redirects within the provider, stops at any other. */
class Browser {
  readonly #jar = new Map<string, string>();

  async open(
    url: string,
    form?: Record<string, string>,
  ): Promise<{ url: string; page: string; response: Response }> {
    const response = await fetch(url, {
      redirect: "manual",
      headers: { cookie: [...this.#jar].map(([name, value]) => `${name}=${value}`).join("; ") },
      ...(form === undefined ? {} : { method: "POST", body: new URLSearchParams(form) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "") this.#jar.delete(name);
      else this.#jar.set(name, value);
    }
    const location = response.headers.get("location");
    if (location === null) return { url, page: await response.text(), response };
    const next = new URL(location, url).href;
    return next.startsWith(provider.issuer) ? this.open(next) : { url: next, page: "", response };
  }
}

interface Attempt {
  readonly client?: string;
  readonly redirectUri?: string;
  readonly more?: Record<string, string>;
}

const verifier = randomBytes(32).toString("base64url");

function authorizationUrl({
  client = "gatehouse-agent",
  redirectUri = REDIRECT,
  more = {},
}: Attempt = {}): string {
  const query = new URLSearchParams({
    client_id: client,
    response_type: "code",
    redirect_uri: redirectUri,
    scope: "openid email",
    state: "the-state",
    nonce: "the-nonce",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    ...more,
  });
  return `${provider.issuer}/auth?${query.toString()}`;
}

async function codeFor(person: string, attempt: Attempt = {}, browser = new Browser()): Promise<string> {
  const { url } = await browser.open(authorizationUrl(attempt));
  const { url: landed } = await browser.open(url, { person });
  return new URL(landed).searchParams.get("code") ?? "";
}

async function token(form: Record<string, string>): Promise<Tokens> {
  const response = await fetch(`${provider.issuer}/token`, {
    method: "POST",
    body: new URLSearchParams(form),
  });
  return (await response.json()) as Tokens;
}

function exchange(code: string, change: Record<string, string> = {}): Promise<Tokens> {
  return token({
    grant_type: "authorization_code",
    client_id: "gatehouse-agent",
    redirect_uri: REDIRECT,
    code,
    code_verifier: verifier,
    ...change,
  });
}

function develop(person: string, client = "gatehouse-agent"): Promise<Tokens> {
  return token({ grant_type: DEVELOPMENT_GRANT, client_id: client, person });
}

async function publishedKeyIds(): Promise<string[]> {
  const { keys } = (await (await fetch(`${provider.issuer}/jwks`)).json()) as { keys: { kid: string }[] };
  return keys.map(({ kid }) => kid);
}

test("the development identity provider refuses to listen beyond loopback", async () => {
  const start = startIdentityProvider({ host: "0.0.0.0", webRedirectUris: [] });
  await expect(start).rejects.toThrow("loopback only");
});

test("nobody on the network reaches it, even by the machine's own address", async () => {
  const outside = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .find(({ internal, family }) => !internal && family === "IPv4");
  const address = outside?.address ?? "127.0.0.2";
  await expect(fetch(`http://${address}:${provider.port}/`)).rejects.toThrow();
});

test("a page that rebinds its own name to the provider's address reads nothing", async () => {
  const status = await new Promise<number>((resolve, reject) => {
    get(
      { port: provider.port, host: "127.0.0.1", path: "/jwks", headers: { host: "evil.example.net" } },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    ).on("error", reject);
  });
  expect(status).toBe(421);
});

test("a code is worthless without the verifier it was asked for with", async () => {
  const code = await codeFor("developer@example.com");
  const answer = await exchange(code, { code_verifier: randomBytes(32).toString("base64url") });
  expect(answer).toMatchObject({ error: "invalid_grant" });
});

test("an authorization request without PKCE is refused", async () => {
  const query = new URLSearchParams({
    client_id: "gatehouse-agent",
    response_type: "code",
    redirect_uri: REDIRECT,
    scope: "openid",
  });
  const { url } = await new Browser().open(`${provider.issuer}/auth?${query.toString()}`);
  expect(new URL(url).searchParams.get("error")).toBe("invalid_request");
});

test("a challenge in plain text is refused", async () => {
  const { url } = await new Browser().open(authorizationUrl({ more: { code_challenge_method: "plain" } }));
  expect(new URL(url).searchParams.get("error")).toBe("invalid_request");
});

test("a code goes only to a redirect address that the client registered", async () => {
  for (const redirectUri of ["https://evil.example.net/callback", "http://127.0.0.1:43210/elsewhere"]) {
    const { response } = await new Browser().open(authorizationUrl({ redirectUri }));
    expect(response.status).toBe(400);
  }
});

test("a code is good for one exchange", async () => {
  const code = await codeFor("developer@example.com");
  expect(await exchange(code)).toHaveProperty("id_token");
  expect(await exchange(code)).toMatchObject({ error: "invalid_grant" });
});

test("the development grant refuses a person who does not exist", async () => {
  expect(await develop("nobody@example.com")).toMatchObject({ error: "invalid_grant" });
});

test("the development grant is not offered to the browser's client", async () => {
  expect(await develop("approver@example.com", "gatehouse-web")).toMatchObject({
    error: "invalid_request",
    error_description: "requested grant type is not allowed for this client",
  });
});

test("a person who is not on the page cannot be posted to it", async () => {
  const browser = new Browser();
  const { url } = await browser.open(authorizationUrl());
  const { response } = await browser.open(url, { person: "root@example.com" });
  expect(response.status).toBe(400);
});

test("answers are readable by no other web page", async () => {
  const response = await fetch(`${provider.issuer}/jwks`, {
    headers: { origin: "https://evil.example.net" },
  });
  expect(response.headers.get("access-control-allow-origin")).toBeNull();
});

test("signing in with code and PKCE gives an ID token that says who, in which groups, and when", async () => {
  const { id_token: idToken = "", refresh_token: refreshToken } = await exchange(
    await codeFor("developer@example.com"),
  );
  const keys = createRemoteJWKSet(new URL(`${provider.issuer}/jwks`));
  const { payload, protectedHeader } = await jwtVerify(idToken, keys, {
    issuer: provider.issuer,
    audience: "gatehouse-agent",
    algorithms: ["ES256"],
  });
  expect(protectedHeader.alg).toBe("ES256");
  expect(payload).toMatchObject({
    email: "developer@example.com",
    email_verified: true,
    groups: ["engineering"],
    nonce: "the-nonce",
    auth_time: expect.any(Number) as number,
  });
  expect(payload.sub).not.toContain("@");
  expect(refreshToken).toEqual(expect.any(String));
});

test("a refresh keeps the time of the sign-in and uses up the old refresh token", async () => {
  const first = await develop("developer@example.com");
  const form = { grant_type: "refresh_token", client_id: "gatehouse-agent" };
  const second = await token({ ...form, refresh_token: first.refresh_token ?? "" });
  const before = decodeJwt(first.id_token ?? "");
  expect(decodeJwt(second.id_token ?? "")).toMatchObject({
    auth_time: before["auth_time"],
    groups: ["engineering"],
    sub: before.sub,
  });
  expect(await token({ ...form, refresh_token: first.refresh_token ?? "" })).toMatchObject({
    error: "invalid_grant",
  });
});

test("only the agent's client gets a refresh token, whichever way one signs in", async () => {
  expect(await develop("auditor@example.com")).toHaveProperty("refresh_token");
  expect(await develop("auditor@example.com", "gatehouse-console")).not.toHaveProperty("refresh_token");
  const client = "gatehouse-console";
  const code = await codeFor("auditor@example.com", {
    client,
    more: { scope: "openid offline_access", prompt: "consent" },
  });
  const answer = await exchange(code, { client_id: client });
  expect(answer).toHaveProperty("id_token");
  expect(answer).not.toHaveProperty("refresh_token");
});

test("the development grant signs in now, as exactly the person asked for", async () => {
  const startedAt = Math.floor(Date.now() / 1000);
  const { id_token: idToken = "" } = await develop("outsider@example.com", "gatehouse-console");
  const claims = decodeJwt(idToken);
  expect(claims).toMatchObject({ email: "outsider@example.com", groups: [], aud: "gatehouse-console" });
  expect(claims["auth_time"]).toBeGreaterThanOrEqual(startedAt);
});

test("both ways to sign in name a person by the same subject", async () => {
  const byCode = await exchange(await codeFor("approver@example.com"));
  const byGrant = await develop("approver@example.com");
  expect(decodeJwt(byCode.id_token ?? "").sub).toBe(decodeJwt(byGrant.id_token ?? "").sub);
});

test("the browser's client signs in with its exact redirect address", async () => {
  const attempt = { client: "gatehouse-web", redirectUri: WEB_REDIRECT };
  const code = await codeFor("approver@example.com", attempt);
  const answer = await exchange(code, { client_id: "gatehouse-web", redirect_uri: WEB_REDIRECT });
  expect(decodeJwt(answer.id_token ?? "")).toMatchObject({ groups: ["sre"], aud: "gatehouse-web" });
  const { response } = await new Browser().open(
    authorizationUrl({ ...attempt, redirectUri: `${WEB_REDIRECT}/x` }),
  );
  expect(response.status).toBe(400);
});

test("whoever is signed in is asked again when the client says prompt=login or max_age=0", async () => {
  const browser = new Browser();
  await codeFor("approver@example.com", {}, browser);
  const silently = await browser.open(authorizationUrl());
  expect(new URL(silently.url).searchParams.get("code")).not.toBeNull();
  for (const more of [{ prompt: "login" }, { max_age: "0" }]) {
    const { page } = await browser.open(authorizationUrl({ more }));
    expect(page).toContain("second-approver@example.com");
  }
});

test("the sign-in page says that it proves nothing, and runs no scripts", async () => {
  const { page, response } = await new Browser().open(authorizationUrl());
  expect(page).toContain("proves nothing");
  expect(page).not.toContain("<script");
  const policy = response.headers.get("content-security-policy");
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain("unsafe");
});

test("after a rotation a new key signs and the old one stays published until the next", async () => {
  const [first = ""] = await publishedKeyIds();
  const old = await develop("developer@example.com");
  await provider.rotateKeys();
  const between = await publishedKeyIds();
  expect(between).toHaveLength(2);
  expect(between).toContain(first);
  const fresh = await develop("developer@example.com");
  expect(decodeProtectedHeader(fresh.id_token ?? "").kid).not.toBe(first);
  const refreshed = await token({
    grant_type: "refresh_token",
    client_id: "gatehouse-agent",
    refresh_token: old.refresh_token ?? "",
  });
  expect(refreshed).toHaveProperty("id_token");
  await provider.rotateKeys();
  expect(await publishedKeyIds()).not.toContain(first);
});

test("with a state file, keys and stored logins survive a restart, and only the owner can read them", async () => {
  const folder = mkdtempSync(join(tmpdir(), "practice-"));
  const stateFile = join(folder, "identity-provider.json");
  const running = provider;
  try {
    provider = await startIdentityProvider({ webRedirectUris: [WEB_REDIRECT], stateFile });
    const { refresh_token: refreshToken = "" } = await develop("developer@example.com");
    const keysBefore = await publishedKeyIds();
    await provider.close();
    provider = await startIdentityProvider({ webRedirectUris: [WEB_REDIRECT], stateFile });
    expect(await publishedKeyIds()).toEqual(keysBefore);
    const form = { grant_type: "refresh_token", client_id: "gatehouse-agent", refresh_token: refreshToken };
    expect(await token(form)).toHaveProperty("id_token");
    expect(statSync(stateFile).mode & 0o777).toBe(0o600);
  } finally {
    await provider.close();
    provider = running;
    rmSync(folder, { recursive: true });
  }
});
