import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deviceFlow } from "./device-flow.ts";
import { freePort, type GatewayWithProviders, startGateway } from "./gateway-with-providers.ts";
import { HttpBrowser, type Page } from "./http-browser.ts";
import { isLemonLdapInstalled, type LemonLdap, startLemonLdap } from "./lemonldap.ts";
import { matrix } from "./matrix.ts";
import { whoIs } from "./who-is.ts";

const row = matrix("LemonLDAP::NG (OpenID Connect and SAML 2.0)");
const isInstalled = isLemonLdapInstalled();

describe.skipIf(!isInstalled)("LemonLDAP::NG (OpenID Connect)", () => {
  let lemonLdap: LemonLdap;
  let gateway: GatewayWithProviders;

  beforeAll(async () => {
    const port = await freePort();
    lemonLdap = await startLemonLdap(`http://127.0.0.1:${port}`);
    gateway = await startGateway([], port, { issuer: lemonLdap.issuer });
  });
  afterAll(async () => {
    await gateway.close();
    await lemonLdap.close();
  });

  async function signIn(browser: HttpBrowser, user: string, path = "/sign-in"): Promise<Page> {
    const login = await browser.get(`${gateway.controlUrl}${path}`);
    expect(whatIsAsked(login)).toBe("asked for the password");
    return browser.submit(login, { user, password: user });
  }

  test.each([
    ["dwho", "dwho@badwolf.org: approver"],
    ["msmith", "msmith@badwolf.org: auditor"],
    // Whose only role is for their agents: in a browser it is none.
    ["rtyler", "rtyler@badwolf.org: none"],
  ])("%s signs in and has the roles of their groups", async (user, expected) => {
    const browser = new HttpBrowser();
    await signIn(browser, user);
    row({
      what: `LemonLDAP::NG, OIDC: code with PKCE, ${user}`,
      expected,
      observed: await whoIs(browser, gateway.controlUrl),
    });
  });

  test("a wrong password signs nobody in", async () => {
    const browser = new HttpBrowser();
    const login = await browser.get(`${gateway.controlUrl}/sign-in`);
    const refused = await browser.submit(login, { user: "dwho", password: "rtyler" });
    row({
      what: "LemonLDAP::NG, OIDC: wrong password",
      expected: "asked for the password, nobody: nobody",
      observed: `${whatIsAsked(refused)}, ${await whoIs(browser, gateway.controlUrl)}`,
    });
  });

  test("an old sign-in at the provider opens a page, and a fresh one is asked for where somebody must be there", async () => {
    const browser = new HttpBrowser();
    await signIn(browser, "dwho");
    // It asks nobody again in the first five seconds. An approver's sign-in counts for five minutes.
    lemonLdap.age(600);
    await browser.get(`${gateway.controlUrl}/sign-in`);
    row({
      what: "LemonLDAP::NG, OIDC: its session of ten minutes ago",
      expected: "dwho@badwolf.org: approver",
      observed: await whoIs(browser, gateway.controlUrl),
    });
    const asked = await browser.get(`${gateway.controlUrl}/device`);
    const login = await browser.submit(asked, {});
    row({
      what: "LemonLDAP::NG, OIDC: a fresh sign-in with that session",
      expected: "asked to renew, asked for the password",
      observed: `${whatIsAsked(asked)}, ${whatIsAsked(login)}`,
    });
    const back = await browser.submit(login, { user: "dwho", password: "dwho" });
    row({
      what: "LemonLDAP::NG, OIDC: the password again",
      expected: "/device 200",
      observed: `${back.url.pathname} ${back.status}`,
    });
  });

  test("signing out here signs out at LemonLDAP::NG as well", async () => {
    const browser = new HttpBrowser();
    await signIn(browser, "dwho");
    await browser.submit(await browser.get(gateway.controlUrl), {});
    const confirm = await browser.get(`${gateway.controlUrl}/sign-out/at-provider`);
    const back = await browser.submit(confirm, { confirm: "1" });
    row({
      what: "LemonLDAP::NG, OIDC: RP-initiated logout",
      expected: "/signed-out, there too",
      observed: `${back.url.pathname}, ${back.text.includes("signed out there too") ? "there too" : "here only"}`,
    });
    row({
      what: "LemonLDAP::NG, OIDC: signing in after that",
      expected: "asked for the password",
      observed: whatIsAsked(await browser.get(`${gateway.controlUrl}/sign-in`)),
    });
  });

  test("a command of somebody at LemonLDAP::NG (device flow)", async () => {
    row({
      what: "LemonLDAP::NG, OIDC: device flow, then a session",
      expected: "agent-user, session opened",
      observed: await deviceFlow(gateway.controlUrl, (browser) =>
        signIn(browser, "rtyler", "/sign-in?fresh=1&return=/device"),
      ),
    });
  });
});

describe.skipIf(!isInstalled)("LemonLDAP::NG (SAML 2.0), the only provider of its Gatehouse", () => {
  let lemonLdap: LemonLdap;
  let gateway: GatewayWithProviders;

  beforeAll(async () => {
    const port = await freePort();
    lemonLdap = await startLemonLdap(`http://127.0.0.1:${port}`);
    gateway = await startGateway([{ name: "lemon", ...lemonLdap.saml }], port, { isSamlOnly: true });
  });
  afterAll(async () => {
    await gateway.close();
    await lemonLdap.close();
  });

  /** Up to the page that posts its answer to us, and no further. */
  async function answerFor(browser: HttpBrowser, user: string, path = "/sign-in"): Promise<Page> {
    const login = await browser.get(`${gateway.controlUrl}${path}`);
    expect(whatIsAsked(login)).toBe("asked for the password");
    return browser.submit(login, { user, password: user });
  }

  test("somebody signs in by SAML and has the roles of their groups", async () => {
    const browser = new HttpBrowser();
    await browser.submit(await answerFor(browser, "dwho"), {});
    row({
      what: "LemonLDAP::NG, SAML: web browser SSO",
      expected: "dwho@badwolf.org: approver",
      observed: await whoIs(browser, gateway.controlUrl),
    });
  });

  test("a wrong password brings no SAML answer", async () => {
    const browser = new HttpBrowser();
    const login = await browser.get(`${gateway.controlUrl}/sign-in`);
    const refused = await browser.submit(login, { user: "dwho", password: "rtyler" });
    row({
      what: "LemonLDAP::NG, SAML: wrong password",
      expected: "asked for the password, nobody: nobody",
      observed: `${whatIsAsked(refused)}, ${await whoIs(browser, gateway.controlUrl)}`,
    });
  });

  test("ForceAuthn: a session of ten minutes ago opens a page, and the password is asked for where somebody must be there", async () => {
    const browser = new HttpBrowser();
    await answerFor(browser, "dwho");
    lemonLdap.age(600);
    await browser.submit(await browser.get(`${gateway.controlUrl}/sign-in`), {});
    row({
      what: "LemonLDAP::NG, SAML: its session of ten minutes ago",
      expected: "dwho@badwolf.org: approver",
      observed: await whoIs(browser, gateway.controlUrl),
    });
    const asked = await browser.get(`${gateway.controlUrl}/device`);
    const login = await browser.submit(asked, {});
    row({
      what: "LemonLDAP::NG, SAML: a fresh sign-in with that session",
      expected: "asked to renew, asked for the password",
      observed: `${whatIsAsked(asked)}, ${whatIsAsked(login)}`,
    });
    const back = await browser.submit(await browser.submit(login, { user: "dwho", password: "dwho" }), {});
    row({
      what: "LemonLDAP::NG, SAML: the password again",
      expected: "/device 200",
      observed: `${back.url.pathname} ${back.status}`,
    });
  });

  test("the same SAML answer a second time, and in another browser", async () => {
    const browser = new HttpBrowser();
    const answer = await answerFor(browser, "dwho");
    const elsewhere = await new HttpBrowser().submit(answer, {});
    const first = await browser.submit(answer, {});
    const second = await browser.submit(answer, {});
    row({
      what: "LemonLDAP::NG, SAML: its answer elsewhere, here, here again",
      expected: "400, 200, 400",
      observed: [elsewhere, first, second].map(({ status }) => status).join(", "),
    });
  });

  test("a command of somebody at LemonLDAP::NG by SAML (device flow)", async () => {
    row({
      what: "LemonLDAP::NG, SAML: device flow, then a session",
      expected: "agent-user, session opened",
      observed: await deviceFlow(gateway.controlUrl, async (browser) =>
        browser.submit(await answerFor(browser, "rtyler", "/sign-in?fresh=1&return=/device"), {}),
      ),
    });
  });
});

function whatIsAsked({ text }: Page): string {
  if (text.includes('type="password"')) return "asked for the password";
  return text.includes("/renewsession") ? "asked to renew" : "not asked";
}
