import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deviceFlow } from "./device-flow.ts";
import { freePort, type GatewayWithProviders, startGateway } from "./gateway-with-providers.ts";
import { HttpBrowser, type Page } from "./http-browser.ts";
import { matrix } from "./matrix.ts";
import { isSimpleSamlPhpInstalled, type SimpleSamlPhp, startSimpleSamlPhp } from "./simplesamlphp.ts";
import { whoIs } from "./who-is.ts";

const row = matrix("Identity providers nobody here wrote");

async function signInAtOidcProvider(browser: HttpBrowser, start: string, person: string): Promise<Page> {
  const choice = await browser.get(start);
  return browser.submit(choice, { person });
}

describe("oidc-provider (OpenID Connect)", () => {
  let gateway: GatewayWithProviders;
  beforeAll(async () => {
    gateway = await startGateway([], await freePort());
  });
  afterAll(() => gateway.close());

  test("code with PKCE in the browser", async () => {
    const browser = new HttpBrowser();
    await signInAtOidcProvider(browser, `${gateway.controlUrl}/sign-in`, "approver@example.com");
    row({
      what: "oidc-provider: code with PKCE",
      expected: "approver@example.com: approver",
      observed: await whoIs(browser, gateway.controlUrl),
    });
  });

  test("a command signed in with the browser (device flow)", async () => {
    const { controlUrl } = gateway;
    row({
      what: "oidc-provider: device flow, then a session",
      expected: "agent-user, session opened",
      observed: await deviceFlow(controlUrl, (browser) =>
        signInAtOidcProvider(
          browser,
          `${controlUrl}/sign-in?fresh=1&return=/device`,
          "developer@example.com",
        ),
      ),
    });
  });
});

const hasSimpleSamlPhp = isSimpleSamlPhpInstalled();

describe.skipIf(!hasSimpleSamlPhp)("SimpleSAMLphp (SAML 2.0), the only provider of its Gatehouse", () => {
  let gateway: GatewayWithProviders;
  let idp: SimpleSamlPhp;
  beforeAll(async () => {
    const port = await freePort();
    const entityId = `http://127.0.0.1:${port}/saml/ssp`;
    idp = await startSimpleSamlPhp({ entityId, consumerUrl: `${entityId}/acs` });
    const { issuer, signInUrl: sign_in_url, certificate } = idp;
    gateway = await startGateway([{ name: "ssp", issuer, sign_in_url, certificate }], port, {
      isSamlOnly: true,
    });
  });
  afterAll(async () => {
    await gateway.close();
    await idp.close();
  });

  /** Types name and password where they are asked for, and lets the page post the answer. */
  async function signIn(browser: HttpBrowser, start: string, username: string): Promise<Page> {
    const login = await browser.get(start);
    const answer = login.text.includes("SAMLResponse")
      ? login
      : await browser.submit(login, { username, password: "secret" });
    expect(answer.text).toContain("SAMLResponse");
    return browser.submit(answer, {});
  }

  test("web browser SSO", async () => {
    const browser = new HttpBrowser();
    const done = await signIn(browser, `${gateway.controlUrl}/sign-in?provider=ssp`, "approver");
    expect(done.status).toBe(200);
    row({
      what: "SimpleSAMLphp: web browser SSO",
      expected: "approver@saml.example.com: approver",
      observed: await whoIs(browser, gateway.controlUrl),
    });
  });

  test("ForceAuthn: somebody with a running SSO session is asked again, and may decide", async () => {
    const browser = new HttpBrowser();
    await signIn(browser, `${gateway.controlUrl}/sign-in?provider=ssp`, "approver");
    const asked = await browser.get(`${gateway.controlUrl}/sign-in?provider=ssp&fresh=1`);
    row({
      what: "SimpleSAMLphp: fresh sign-in with an SSO session",
      expected: "asked for the password",
      observed: asked.text.includes('type="password"') ? "asked for the password" : "not asked",
    });
  });

  test("the same answer a second time", async () => {
    const browser = new HttpBrowser();
    const login = await browser.get(`${gateway.controlUrl}/sign-in?provider=ssp`);
    const answer = await browser.submit(login, { username: "approver", password: "secret" });
    await browser.submit(answer, {});
    const again = await browser.submit(answer, {});
    row({ what: "SimpleSAMLphp: answer replayed", expected: "400", observed: String(again.status) });
  });

  test("its answer in another browser", async () => {
    const login = await new HttpBrowser().get(`${gateway.controlUrl}/sign-in?provider=ssp`);
    const attacker = new HttpBrowser();
    const page = await attacker.get(`${gateway.controlUrl}/sign-in?provider=ssp`);
    const answer = await attacker.submit(page, { username: "developer", password: "secret" });
    expect(login.status).toBe(200);
    const victim = new HttpBrowser();
    const posted = await victim.submit(answer, {});
    row({
      what: "SimpleSAMLphp: answer posted into another browser",
      expected: "400",
      observed: String(posted.status),
    });
  });

  test("a command of somebody at SimpleSAMLphp (device flow)", async () => {
    const { controlUrl } = gateway;
    row({
      what: "SimpleSAMLphp: device flow, then a session",
      expected: "agent-user, session opened",
      observed: await deviceFlow(controlUrl, (browser) =>
        signIn(browser, `${controlUrl}/sign-in?provider=ssp&fresh=1&return=/device`, "developer"),
      ),
    });
  });
});
