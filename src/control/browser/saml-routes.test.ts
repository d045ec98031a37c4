import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import {
  type ControlPlaneUnderTest,
  controlPlaneUnderTest,
  fakeBrowser,
} from "../../../test/fakes/control-plane-under-test.ts";
import { controlUrl } from "../../../test/fakes/identity-under-test.ts";
import { posted, type SamlProvider, samlProvider } from "../../../test/fakes/saml-provider.ts";
import { approver, developer } from "../../../test/fakes/token-issuer.ts";

async function underTest() {
  const found: { provider?: SamlProvider } = {};
  const under = await controlPlaneUnderTest({}, async (clock) => {
    found.provider = await samlProvider(clock, controlUrl);
    return { samlProviders: [found.provider.settings] };
  });
  const { provider } = found;
  if (provider === undefined) throw new Error("the provider was made");
  return { under, provider };
}

/** As another site's page lets the browser post: without our Lax cookies. */
async function post(under: ControlPlaneUnderTest, response: string, provider = "corp"): Promise<string> {
  const answer = await under.call("POST", `/saml/${provider}/acs`, {
    form: { SAMLResponse: response, RelayState: "https://evil.example.com" },
    headers: { origin: "https://saml.example.com", "sec-fetch-site": "cross-site" },
  });
  expect(answer.cookies).toEqual([]);
  return String(answer.headers.location);
}

test("where there are several providers, the page asks which, keeps where to go, and begins nothing", async () => {
  const { under } = await underTest();
  const page = await fakeBrowser(under).get("/sign-in?fresh=1&return=/approvals");
  expect([page.statusCode, page.cookies]).toEqual([200, []]);
  expect(page.body).toContain('href="/sign-in?provider=corp&amp;fresh=1&amp;return=%2Fapprovals"');
  expect(page.body).toContain('href="/sign-in?provider=oidc&amp;fresh=1&amp;return=%2Fapprovals"');
});

test("a SAML sign-in leads back to the page it was asked from, and is on record", async () => {
  const { under, provider } = await underTest();
  const browser = fakeBrowser(under);
  const begun = await browser.get("/sign-in?provider=corp&return=/approvals");
  const location = new URL(String(begun.headers.location));
  const ticket = await post(under, provider.answer(location, approver));
  expect(ticket).toMatch(/^\/sign-in\/saml\?ticket=[\w-]{43}$/);
  const done = await browser.get(ticket);
  expect([done.statusCode, done.headers.location]).toEqual([303, "/approvals"]);
  expect((await browser.get("/approvals")).statusCode).toBe(200);
  expect(under.audit.kinds()).toContain("auth.signed_in");
});

test("somebody signed in by SAML a minute ago decides; five minutes later they sign in again first", async () => {
  const { under, provider } = await underTest();
  const browser = fakeBrowser(under);
  const begun = await browser.get("/sign-in?provider=corp&fresh=1");
  await browser.get(await post(under, provider.answer(new URL(String(begun.headers.location)), approver)));
  expect((await browser.get("/")).body).toContain("recent enough to decide");
  under.clock.pass(limits.approverSignInAgeMsMax + limits.approverSignInSkewMs);
  expect((await browser.get("/")).body).toContain("too long ago to decide");
});

test("a posted answer does nothing in a browser that did not begin the sign-in (login CSRF)", async () => {
  const { under, provider } = await underTest();
  const attacker = fakeBrowser(under);
  const begun = await attacker.get("/sign-in?provider=corp");
  const ticket = await post(under, provider.answer(new URL(String(begun.headers.location)), developer));
  const victim = fakeBrowser(under);
  expect((await victim.get(ticket)).statusCode).toBe(400);
  expect(victim.cookies.has("gatehouse_session")).toBe(false);
  expect((await attacker.get(ticket)).statusCode).toBe(400);
});

test("strangers who post answers do not spend anybody's pending sign-in", async () => {
  const { under, provider } = await underTest();
  const browser = fakeBrowser(under);
  const begun = await browser.get("/sign-in?provider=corp");
  const location = new URL(String(begun.headers.location));
  const honest = provider.answer(location, approver);
  const strangers = await post(under, posted("<not-an-answer/>"));
  expect((await under.call("GET", strangers)).statusCode).toBe(400);
  await under.call("GET", "/sign-in/saml?ticket=guessed");
  expect((await browser.get(await post(under, honest))).statusCode).toBe(303);
});

test("a ticket counts once, and not after a minute", async () => {
  const { under, provider } = await underTest();
  const browser = fakeBrowser(under);
  const begin = async () => new URL(String((await browser.get("/sign-in?provider=corp")).headers.location));
  const late = await post(under, provider.answer(await begin(), approver));
  under.clock.pass(limits.samlAnswerWaitMs);
  expect((await browser.get(late)).statusCode).toBe(400);
  const ticket = await post(under, provider.answer(await begin(), approver));
  expect((await browser.get(ticket)).statusCode).toBe(303);
  expect((await browser.get(ticket)).statusCode).toBe(400);
});

test("an answer that came by another provider's way is refused (mix-up)", async () => {
  const { under, provider } = await underTest();
  const browser = fakeBrowser(under);
  const elsewhere = await fakeBrowser(under).get("/sign-in?provider=corp");
  const ticket = await post(under, provider.answer(new URL(String(elsewhere.headers.location)), approver));
  await browser.get("/sign-in?provider=oidc");
  expect((await browser.get(ticket)).statusCode).toBe(401);
  await browser.get("/sign-in?provider=corp");
  expect((await browser.get("/sign-in/callback?code=x&state=y")).statusCode).toBe(401);
  await browser.get("/sign-in?provider=oidc");
  expect((await browser.get("/sign-in/callback/corp?code=x&state=y")).statusCode).toBe(401);
});

test("a provider that is not configured has no addresses", async () => {
  const { under } = await underTest();
  for (const path of ["/saml/other", "/saml/oidc"])
    expect((await under.call("GET", path)).statusCode).toBe(404);
  const answer = await under.call("POST", "/saml/other/acs", { form: { SAMLResponse: "x" } });
  expect(answer.statusCode).toBe(404);
});

test("an answer larger than any honest one is not even kept", async () => {
  const { under } = await underTest();
  for (const bytes of [limits.samlPostBytesMax + 1, limits.samlPostBytesMax * 3]) {
    const answer = await under.call("POST", "/saml/corp/acs", { form: { SAMLResponse: "A".repeat(bytes) } });
    expect(answer.statusCode).toBe(400);
  }
});

test("the metadata says who we are, where answers go, and that both signatures are wanted", async () => {
  const { under } = await underTest();
  const answer = await under.call("GET", "/saml/corp");
  expect(answer.headers["content-type"]).toBe("application/samlmetadata+xml; charset=utf-8");
  expect(answer.body).toContain(`entityID="${controlUrl}/saml/corp"`);
  expect(answer.body).toContain(`Location="${controlUrl}/saml/corp/acs"`);
  expect(answer.body).toContain('WantAssertionsSigned="true"');
  expect((await under.call("GET", "/saml/corp")).body).toBe(answer.body);
});

test("a refused SAML answer never shows on the page why", async () => {
  const { under, provider } = await underTest();
  const browser = fakeBrowser(under);
  const begun = await browser.get("/sign-in?provider=corp");
  const location = new URL(String(begun.headers.location));
  const answer = await browser.get(
    await post(under, provider.answer(location, approver, { destination: "x" })),
  );
  expect([answer.statusCode, answer.body.includes("Destination")]).toEqual([401, false]);
  expect(under.logged.join()).toContain("Destination x");
});
