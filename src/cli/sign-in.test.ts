import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startIdentityProvider } from "#practice/identity-provider";
import {
  type FakeAnswer,
  type FakeControlPlane,
  grantToken,
  refusal,
  startFakeControlPlane,
} from "../../test/fakes/control-plane.ts";
import { type FakeIdentityProvider, startFakeIdentityProvider } from "../../test/fakes/identity-provider.ts";
import { sendRaw } from "../../test/fakes/raw-http.ts";
import { type FakeTerminal, fakeTerminal } from "../../test/fakes/terminal.ts";
import { loginFilePath } from "./login-file.ts";
import { runCommandLine } from "./program.ts";
import { serverUrl } from "./server.ts";

let provider: FakeIdentityProvider;
let plane: FakeControlPlane;
let terminal: FakeTerminal;
/** What the person's browser does with the page it is shown. */
let browse: (url: URL) => void;

beforeEach(async () => {
  provider = await startFakeIdentityProvider();
  plane = await startFakeControlPlane({ issuer: provider.issuer, isDevelopment: true });
  plane.routes.set("GET /api/v1/me", ({ authorization }) => ({
    status: 200,
    body: { principal: { ...claimsOf(authorization), issuer: provider.issuer }, roles: ["agent-user"] },
  }));
  browse = (url) => void fetch(url);
  terminal = fakeTerminal({ browse: (url) => browse(url) });
});
afterEach(async () => {
  await provider.close();
  await plane.close();
  terminal.remove();
});

function claimsOf(authorization: string | undefined): { email: string; subject: string } {
  const payload: unknown = JSON.parse(
    Buffer.from(authorization?.split(".")[1] ?? "", "base64url").toString(),
  );
  const text = JSON.stringify(payload);
  return {
    email: /"email":"([^"]+)"/.exec(text)?.[1] ?? "",
    subject: /"sub":"([^"]+)"/.exec(text)?.[1] ?? "",
  };
}

async function gatehouse(...words: string[]): Promise<{ status: number; out: string; err: string }> {
  terminal.stdout.length = 0;
  terminal.stderr.length = 0;
  const status = await runCommandLine(
    ["--url", plane.url, ...words],
    { version: "0.1.0", localCommands: [] },
    terminal,
  );
  return { status, out: terminal.stdout.join("\n"), err: terminal.stderr.join("\n") };
}

const loginFile = (): string => loginFilePath(terminal.environment);

test("a browser sent here by another page, without our state, signs nobody in and breaks nothing", async () => {
  browse = (url) => {
    const landing = url.searchParams.get("redirect_uri") ?? "";
    void (async () => {
      for (const forged of ["?code=stolen&state=guess", "?code=stolen", "/../x?state=guess"]) {
        expect((await fetch(`${landing}${forged}`)).status).toBe(404);
      }
      await fetch(url);
    })();
  };
  expect(await gatehouse("login")).toMatchObject({ status: 0 });
  expect(provider.grants.map((form) => form.get("code"))).toEqual(["code-0"]);
});

test("the page that a sign-in ends at says so, and lets nothing be loaded or framed", async () => {
  const pages: Response[] = [];
  browse = (url) => void fetch(url).then((page) => pages.push(page));
  expect(await gatehouse("login")).toMatchObject({ status: 0 });
  await expect.poll(() => pages.length).toBe(1);
  const { status, headers } = pages[0] ?? new Response();
  expect([status, headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  const policy = headers.get("content-security-policy") ?? "";
  expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^']{44}'; frame-ancestors 'none'$/);
  const text = (await pages[0]?.text()) ?? "";
  expect(text).toContain("<h1>You can close this window</h1>");
  const style = /<style>([^<]*)<\/style>/.exec(text)?.[1] ?? "";
  expect(policy).toContain(createHash("sha256").update(style).digest("base64"));
});

test("a stranger whose request is no URL does not end the sign-in", async () => {
  browse = (url) => {
    const landing = new URL(url.searchParams.get("redirect_uri") ?? "");
    void (async () => {
      for (const target of ["//", "http://", "http://[", "//evil.example/callback"]) {
        await sendRaw(Number(landing.port), `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      }
      await fetch(url);
    })();
  };
  expect(await gatehouse("login")).toMatchObject({ status: 0 });
});

test("an ID token made for another sign-in is refused", async () => {
  provider.wrongNonce = true;
  const { status, err } = await gatehouse("login");
  expect(status).toBe(1);
  expect(err).toContain("did not work out");
  expect(existsSync(loginFile())).toBe(false);
});

test("a provider that answers for another issuer is refused", async () => {
  plane.info.signIn.issuer = provider.issuer.replace("127.0.0.1", "localhost");
  expect((await gatehouse("login")).status).toBe(1);
});

test("a provider reached in clear text over the network is refused", async () => {
  plane.info.signIn.issuer = "http://idp.example.com";
  expect((await gatehouse("login")).status).toBe(1);
  expect(provider.authorizations).toEqual([]);
});

test("--as works with a development provider only", async () => {
  plane.info.signIn.isDevelopment = false;
  const { status, err } = await gatehouse("login", "--as", "approver@example.com");
  expect(status).toBe(2);
  expect(err).toContain("development identity provider only");
  expect(provider.grants).toEqual([]);
});

test("a stored sign-in that others can read is not used", async () => {
  await gatehouse("login");
  chmodSync(loginFile(), 0o644);
  const { status, err } = await gatehouse("whoami");
  expect(status).toBe(1);
  expect(err).toContain("can be read by other users");
});

test("a stored sign-in is shown to the server it was made for and to no other", async () => {
  await gatehouse("login");
  const other = await startFakeControlPlane({ issuer: provider.issuer });
  const { status, err } = await gatehouse("--url", other.url, "whoami");
  expect(status).toBe(5);
  expect(err).toContain(`You are signed in at ${plane.url}, not at ${other.url}`);
  expect(other.requests.every(({ authorization }) => authorization === undefined)).toBe(true);
  await other.close();
});

test("a folder from somebody else cannot name a server on the network", () => {
  mkdirSync(join(terminal.workingFolder, "data"));
  writeFileSync(
    join(terminal.workingFolder, "data/server.json"),
    '{"controlUrl":"https://evil.example.com"}',
  );
  const settings = { terminal, url: undefined, isJson: false, isColoured: false };
  expect(serverUrl(settings, undefined)).toBe("http://127.0.0.1:8440");
});

test("an approver's token is never on disk, and never asked to be kept", async () => {
  plane.routes.set("GET /api/v1/approvals", () => ({ status: 200, body: { approvals: [] } }));
  expect((await gatehouse("approvals", "list")).status).toBe(0);
  expect(existsSync(dirname(loginFile()))).toBe(false);
  const asked = provider.authorizations[0];
  expect(asked?.get("client_id")).toBe("gatehouse-console");
  expect(asked?.get("scope")).not.toContain("offline_access");
  expect(asked?.get("prompt")).toBe("login");
});

test("a stored sign-in is not enough to decide: approving asks the person again", async () => {
  await gatehouse("login");
  plane.routes.set("GET /api/v1/approvals", () => ({ status: 200, body: { approvals: [] } }));
  await gatehouse("approvals", "list");
  expect(terminal.pages).toHaveLength(2);
});

test("signing in uses PKCE, state, nonce and a loopback redirect", async () => {
  const { status, out, err } = await gatehouse("login");
  expect({ status, out }).toEqual({
    status: 0,
    out: `Signed in at ${plane.url} as developer@example.com.\nNext: gatehouse run -- gcloud projects list`,
  });
  expect(err).toContain(`${provider.issuer}/auth?`);
  const asked = Object.fromEntries(provider.authorizations[0] ?? []);
  expect(asked).toMatchObject({
    client_id: "gatehouse-agent",
    code_challenge_method: "S256",
    response_type: "code",
  });
  expect(asked["redirect_uri"]).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
  for (const name of ["state", "nonce", "code_challenge"]) expect(asked[name]?.length).toBeGreaterThan(20);
});

test("the stored sign-in can be read by its owner alone", async () => {
  await gatehouse("login");
  expect(statSync(loginFile()).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(loginFile())).mode & 0o777).toBe(0o700);
});

test("XDG_STATE_HOME is where the sign-in is kept, when it is set", () => {
  expect(loginFilePath({ HOME: "/home/x" })).toBe("/home/x/.config/gatehouse/login.json");
  expect(loginFilePath({ HOME: "/home/x", XDG_STATE_HOME: "/state" })).toBe("/state/gatehouse/login.json");
});

test("an ID token that runs out is renewed once, however many commands start together", async () => {
  provider.idTokenLifeS = 10;
  await gatehouse("login");
  provider.idTokenLifeS = 300;
  const answers = await Promise.all([gatehouse("whoami"), gatehouse("whoami"), gatehouse("whoami")]);
  expect(answers.map(({ status }) => status)).toEqual([0, 0, 0]);
  expect(provider.grants.filter((form) => form.get("grant_type") === "refresh_token")).toHaveLength(1);
  expect(readFileSync(loginFile(), "utf8")).toContain('"refreshToken": "rt-2"');
});

test("a sign-in that the provider has ended says how to begin another", async () => {
  provider.idTokenLifeS = 10;
  await gatehouse("login");
  provider.isOver = true;
  const { status, err } = await gatehouse("whoami");
  expect(status).toBe(5);
  expect(err).toBe("gatehouse: Your sign-in is over. Run `gatehouse login` to sign in again.");
});

test("whoami says who is signed in and with which roles", async () => {
  await gatehouse("login", "--as", "approver@example.com");
  expect((await gatehouse("whoami")).out).toBe(
    [
      `Server:            ${plane.url}`,
      "Signed in as:      approver@example.com",
      `Identity provider: ${provider.issuer}`,
      "Roles:             agent-user",
    ].join("\n"),
  );
});

test("logging out forgets the sign-in, and twice is no mistake", async () => {
  await gatehouse("login");
  expect((await gatehouse("logout")).out).toBe("Signed out.");
  expect(existsSync(loginFile())).toBe(false);
  expect((await gatehouse("logout")).out).toBe("Nobody was signed in.");
  expect((await gatehouse("whoami")).status).toBe(5);
});

test("a refusal of the server is its sentence and its next step", async () => {
  await gatehouse("login");
  plane.routes.set("GET /api/v1/me", () =>
    refusal(403, "not_permitted", "You have no role.", "Ask an operator."),
  );
  const { status, err } = await gatehouse("whoami");
  expect({ status, err }).toEqual({ status: 1, err: "gatehouse: You have no role.\nAsk an operator." });
});

test("sign-in works with a real provider: the development identity provider, page and form included", async () => {
  const real = await startIdentityProvider({ port: 0, webRedirectUris: [`${plane.url}/callback`] });
  plane.info.signIn.issuer = real.issuer;
  const results: Promise<number>[] = [];
  browse = (url) => void results.push(signInOnPage(url));
  plane.routes.set("GET /api/v1/approvals", () => ({ status: 200, body: { approvals: [] } }));
  expect(await gatehouse("login")).toMatchObject({
    status: 0,
    err: expect.stringContaining(real.issuer) as string,
  });
  expect(readFileSync(loginFile(), "utf8")).toContain("refreshToken");
  expect(await gatehouse("approvals", "list")).toMatchObject({ status: 0 });
  expect(await gatehouse("approvals", "list", "--as", "approver@example.com")).toMatchObject({ status: 0 });
  expect(await Promise.all(results)).toEqual([200, 200]);
  await real.close();
});

/** A browser with cookies that picks the first person on the page. */
async function signInOnPage(start: URL): Promise<number> {
  const cookies = new Map<string, string>();
  const visit = async (url: URL, form?: string): Promise<Response> => {
    const response = await fetch(url, {
      redirect: "manual",
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") },
      ...(form === undefined ? {} : { method: "POST", body: new URLSearchParams(form) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    const location = response.headers.get("location");
    return location === null ? response : visit(new URL(location, url));
  };
  const page = await visit(start);
  if (!(await page.clone().text()).includes("developer@example.com")) return page.status;
  return (await visit(new URL(page.url), "person=developer@example.com")).status;
}

/** A server whose person types the code after so many questions. */
function deviceServer(answers: readonly FakeAnswer[]): void {
  plane.routes.set("POST /v1/device", () => ({
    status: 200,
    body: {
      device_code: "device-code",
      user_code: "BCDFGHJK",
      verification_uri: `${plane.url}/device`,
      expires_in: 600,
      interval: 0,
    },
  }));
  plane.routes.set("POST /v1/revoke", () => ({ status: 200, body: {} }));
  const left = [...answers];
  plane.token = (form) =>
    form.get("grant_type")?.endsWith("device_code") === true
      ? (left.shift() ?? { status: 400, body: { error: "expired_token" } })
      : grantToken(form, { expiresInS: 900 });
}

const pending: FakeAnswer = { status: 400, body: { error: "authorization_pending" } };
const deviceLogin: FakeAnswer = {
  status: 200,
  body: {
    access_token: "ghl_token",
    issued_token_type: "urn:gatehouse:params:oauth:token-type:login",
    token_type: "N_A",
    expires_in: 43_200,
    email: "saml@example.com",
  },
};

test("where people sign in with the browser only, login shows a code by itself, and console acts say where to go", async () => {
  deviceServer([deviceLogin]);
  delete plane.info.signIn.issuer;
  expect((await gatehouse("login")).err).toContain("BCDF-GHJK");
  const { status, err } = await gatehouse("approvals", "list");
  expect([status, err]).toEqual([1, expect.stringContaining("with the browser only")]);
});

test("login --device shows a code, waits for the browser, and stores a login of the server's", async () => {
  deviceServer([pending, pending, deviceLogin]);
  const { status, out, err } = await gatehouse("login", "--device");
  expect([status, out]).toEqual([0, expect.stringContaining("saml@example.com")]);
  expect(err).toContain("BCDF-GHJK");
  expect(err).not.toContain("BCDFGHJK");
  expect(statSync(loginFile()).mode & 0o777).toBe(0o600);
  const asked = plane.forms().at(-1);
  expect([asked?.get("device_code"), asked?.get("client_id")]).toEqual(["device-code", "gatehouse-cli"]);
});

test("a login made with the browser is sent to its own server only, and forgotten there by logout", async () => {
  deviceServer([deviceLogin]);
  await gatehouse("login", "--device");
  plane.routes.set("GET /api/v1/me", ({ authorization }) => ({
    status: 200,
    body: {
      principal: { subject: String(authorization), issuer: "https://saml.example.com" },
      roles: ["agent-user"],
    },
  }));
  expect((await gatehouse("whoami")).out).toContain("https://saml.example.com");
  expect(plane.requests.at(-1)?.authorization).toBe("Bearer ghl_token");
  const elsewhere = await startFakeControlPlane({ issuer: provider.issuer });
  expect((await gatehouse("--url", elsewhere.url, "whoami")).status).toBe(5);
  await elsewhere.close();
  expect(elsewhere.requests.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  expect((await gatehouse("logout")).status).toBe(0);
  expect(plane.requests.at(-1)).toMatchObject({ path: "/v1/revoke", body: "token=ghl_token" });
  expect(existsSync(loginFile())).toBe(false);
});

test("a login made with the browser that is over is said to be, without asking the server", async () => {
  deviceServer([{ ...deviceLogin, body: { ...Object(deviceLogin.body), expires_in: 0 } }]);
  await gatehouse("login", "--device");
  const { status, err } = await gatehouse("whoami");
  expect([status, err]).toEqual([5, expect.stringContaining("login --device")]);
});

test.each([
  [
    "was refused in the browser",
    { error: "access_denied", error_description: "The sign-in was refused in the browser." },
  ],
  [
    "was not made in time",
    { error: "expired_token", error_description: "Nobody signed in in time. Start again." },
  ],
])("login --device ends when the sign-in %s, and stores nothing", async (_name, body) => {
  deviceServer([pending, { status: 400, body }]);
  const { status, err } = await gatehouse("login", "--device");
  expect([status, err]).toEqual([1, expect.stringContaining(body.error_description)]);
  expect(existsSync(loginFile())).toBe(false);
});
