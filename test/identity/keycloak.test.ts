import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startChild } from "../fakes/child.ts";
import { type Chromium, isChromiumInstalled, startChromium } from "./chromium.ts";
import { freePort, type GatewayWithProviders, startGateway } from "./gateway-with-providers.ts";
import { isKeycloakInstalled, type Keycloak, startKeycloak } from "./keycloak.ts";
import { matrix } from "./matrix.ts";

const row = matrix("Keycloak, with the realm of deploy/, in a real browser");
const gatehouse = resolve(import.meta.dirname, "../../bin/gatehouse.mjs");
const canRun = isKeycloakInstalled() && isChromiumInstalled();

describe.skipIf(!canRun)("Keycloak in Chromium", () => {
  let keycloak: Keycloak;
  let gateway: GatewayWithProviders;
  let browser: Chromium;
  let home: string;

  beforeAll(async () => {
    const port = await freePort();
    keycloak = await startKeycloak(`http://127.0.0.1:${port}`);
    gateway = await startGateway([], port, { issuer: keycloak.issuer });
    home = mkdtempSync(join(tmpdir(), "gatehouse-home-"));
    // Keycloak builds itself first: a quarter of a minute alone, several on a busy machine.
  }, 400_000);
  afterAll(async () => {
    await gateway.close();
    await keycloak.close();
    rmSync(home, { recursive: true });
  });

  /** A person's own browser, which has never been here. */
  async function withBrowser(act: (page: Page) => Promise<void>): Promise<void> {
    browser = await startChromium();
    try {
      await act(await browser.context.newPage());
    } finally {
      await browser.close();
    }
  }

  const command = (...words: readonly string[]) =>
    startChild([process.execPath, gatehouse, ...words, "--url", gateway.controlUrl], {
      environment: {
        ...process.env,
        HOME: home,
        XDG_CONFIG_HOME: join(home, ".config"),
        BROWSER: "/bin/true",
      },
    });

  async function signInAs(page: Page, person: string): Promise<void> {
    await page.fill("#username", person);
    await page.fill("#password", person);
    await page.click("#kc-login");
  }

  test("code with PKCE: an approver reads their own roles on the page", () =>
    withBrowser(async (page) => {
      await page.goto(`${gateway.controlUrl}/sign-in`);
      await signInAs(page, "approver");
      await page.waitForURL(`${gateway.controlUrl}/**`);
      const said = async (name: string) => page.locator(`dt:text-is("${name}") + dd`).textContent();
      row({
        what: "code with PKCE",
        expected: "approver@example.com: approver",
        observed: `${await said("Person")}: ${await said("Roles here")}`,
      });
    }));

  test("a fresh sign-in asks for the password again, whatever the provider remembers", () =>
    withBrowser(async (page) => {
      await page.goto(`${gateway.controlUrl}/sign-in`);
      await signInAs(page, "approver");
      await page.waitForURL(`${gateway.controlUrl}/**`);
      await page.goto(`${gateway.controlUrl}/sign-in?fresh=1`);
      row({
        what: "fresh sign-in with a running session at the provider",
        expected: "asked for the password",
        observed: (await page.locator("#password").isVisible()) ? "asked for the password" : "not asked",
      });
    }));

  test("a wrong password signs nobody in", () =>
    withBrowser(async (page) => {
      await page.goto(`${gateway.controlUrl}/sign-in`);
      await page.fill("#username", "approver");
      await page.fill("#password", "developer");
      await page.click("#kc-login");
      await page.getByText("Invalid username or password").waitFor();
      await page.goto(gateway.controlUrl);
      row({
        what: "wrong password",
        expected: "nobody is signed in",
        observed: (await page.getByText("Nobody is signed in").isVisible())
          ? "nobody is signed in"
          : "signed in",
      });
    }));

  test("signing out here signs out at Keycloak as well", () =>
    withBrowser(async (page) => {
      await page.goto(`${gateway.controlUrl}/sign-in`);
      await signInAs(page, "approver");
      await page.waitForURL(`${gateway.controlUrl}/**`);
      await page.click('form[action="/sign-out"] button');
      await page.getByText("signed out there too").waitFor();
      await page.goto(`${gateway.controlUrl}/sign-in`);
      row({
        what: "RP-initiated logout, then signing in again",
        expected: "asked for the password",
        observed: (await page.locator("#password").isVisible()) ? "asked for the password" : "not asked",
      });
    }));

  test("signing out at Keycloak ends the session here (back-channel logout)", () =>
    withBrowser(async (page) => {
      await page.goto(`${gateway.controlUrl}/sign-in`);
      await signInAs(page, "approver");
      await page.waitForURL(`${gateway.controlUrl}/**`);
      await page.goto(`${keycloak.issuer}/protocol/openid-connect/logout`);
      await page.click("#kc-logout");
      await page.getByText("You are logged out").first().waitFor();
      await page.goto(gateway.controlUrl);
      row({
        what: "back-channel logout",
        expected: "nobody is signed in",
        observed: (await page.getByText("Nobody is signed in").isVisible())
          ? "nobody is signed in"
          : "signed in",
      });
    }));

  test("gatehouse login with the person's browser, then whoami", () =>
    withBrowser(async (page) => {
      const login = command("login");
      await login.printed("http://127.0.0.1");
      await login.printed("scope=");
      await page.goto(addressIn(login));
      await signInAs(page, "developer");
      const done = await login.outcome;
      expect(done.stderr + done.stdout).toContain("Signed in");
      const who = await command("whoami", "--json").outcome;
      const me: unknown = JSON.parse(who.stdout);
      expect(me).toMatchObject({ roles: ["agent-user"] });
      row({
        what: "gatehouse login, then whoami",
        expected: "exit 0, exit 0",
        observed: `exit ${done.status}, exit ${who.status}`,
      });
    }));

  test("gatehouse login --device: the code is typed into a browser signed in at Keycloak", () =>
    withBrowser(async (page) => {
      const login = command("login", "--device");
      await login.printed("/device");
      const code = /\b[A-Z]{4}-[A-Z]{4}\b/.exec(login.saidSoFar())?.[0] ?? "";
      await page.goto(`${gateway.controlUrl}/sign-in?fresh=1&return=/device`);
      await signInAs(page, "developer");
      await page.fill("#code", code);
      await page.click("button.approve");
      await page.click('button[value="approve"]');
      await page.getByText("Go back to your terminal").waitFor();
      const done = await login.outcome;
      row({ what: "gatehouse login --device", expected: "exit 0", observed: `exit ${done.status}` });
    }));
});

function addressIn(child: { saidSoFar(): string }): string {
  return /https?:\/\/\S+client_id=\S+/.exec(child.saidSoFar())?.[0] ?? "";
}
