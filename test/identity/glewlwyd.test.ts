import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort, type GatewayWithProviders, startGateway } from "./gateway-with-providers.ts";
import { type Glewlwyd, isGlewlwydInstalled, startGlewlwyd } from "./glewlwyd.ts";
import { HttpBrowser, type Page } from "./http-browser.ts";
import { matrix } from "./matrix.ts";
import { whoIs } from "./who-is.ts";

const row = matrix("Glewlwyd (OpenID Connect)");

describe.skipIf(!isGlewlwydInstalled())("Glewlwyd", () => {
  let glewlwyd: Glewlwyd;
  let gateway: GatewayWithProviders;

  beforeAll(async () => {
    const port = await freePort();
    glewlwyd = await startGlewlwyd(`http://127.0.0.1:${port}`);
    gateway = await startGateway([], port, { issuer: glewlwyd.issuer });
  });
  afterAll(async () => {
    await gateway.close();
    await glewlwyd.close();
  });

  /** What its login page, which is all script, does: password, consent, and back to where it was asked for. */
  async function signIn(browser: HttpBrowser, person: string, password = person): Promise<Page> {
    const page = await browser.get(`${gateway.controlUrl}/sign-in`);
    const api = new URL("/api/", page.url);
    await browser.sendJson("POST", new URL("auth/", api), { username: person, password });
    expect(page.url.pathname).toBe("/login.html");
    await browser.sendJson("PUT", new URL("auth/grant/gatehouse-web", api), { scope: "openid" });
    return browser.get(`${page.url.searchParams.get("callback_url")}&g_continue`);
  }

  // Version 2.7.5 knows the time of the sign-in only while it sees the person's cookie. Gatehouse fetches the ID token
  // itself, without one, and gets `auth_time: 0`: nobody can say that the sign-in was recent, so it counts for nothing.
  test("a provider that cannot say when the person was there signs nobody in", async () => {
    const browser = new HttpBrowser();
    const page = await signIn(browser, "approver");
    row({
      what: "Glewlwyd: code with PKCE, auth_time 0",
      expected: "/sign-in/callback 401, nobody: nobody",
      observed: `${page.url.pathname} ${page.status}, ${await whoIs(browser, gateway.controlUrl)}`,
    });
  });

  test("a wrong password", async () => {
    const browser = new HttpBrowser();
    await signIn(browser, "approver", "developer");
    row({
      what: "Glewlwyd: wrong password",
      expected: "nobody: nobody",
      observed: await whoIs(browser, gateway.controlUrl),
    });
  });
});
