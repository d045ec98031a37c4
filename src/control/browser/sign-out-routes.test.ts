import { expect, test } from "vitest";
import { controlPlaneUnderTest, fakeBrowser } from "../../../test/fakes/control-plane-under-test.ts";
import { approver } from "../../../test/fakes/token-issuer.ts";

const endpoint = "https://login.example.com/end-session";

async function signedIn(discovery: Record<string, unknown> = { end_session_endpoint: endpoint }) {
  const under = await controlPlaneUnderTest();
  under.issuer.discovery = discovery;
  const browser = fakeBrowser(under);
  await browser.signIn(approver);
  const signOut = async () => browser.post("/sign-out", { form_token: await browser.formToken("/") });
  return { under, browser, signOut };
}

test("signing out needs the form of our own page", async () => {
  const { browser, signOut } = await signedIn();
  expect((await browser.post("/sign-out", { form_token: "guessed" })).statusCode).toBe(403);
  expect((await browser.get("/approvals")).statusCode).toBe(200);
  const answer = await signOut();
  expect([answer.statusCode, answer.headers.location]).toEqual([303, "/signed-out"]);
  expect((await browser.get("/approvals")).statusCode).toBe(303);
});

test("nobody who is signed in is told that they are signed out", async () => {
  const { browser, signOut } = await signedIn({});
  const answer = await browser.get("/signed-out");
  expect([answer.statusCode, answer.headers.location]).toEqual([303, "/"]);
  await signOut();
  expect((await browser.get("/signed-out")).body).toContain("You are signed out of Gatehouse");
});

test("the session here ends first: when the provider is asked, it has ended already, and is on record", async () => {
  const { under, browser, signOut } = await signedIn();
  await signOut();
  expect((await browser.get("/approvals")).statusCode).toBe(303);
  expect(under.audit.entries.at(-1)).toMatchObject({
    kind: "auth.signed_out",
    detail: { where: "browser", principal: approver.email },
  });
  const page = await browser.get("/signed-out");
  expect(page.headers["refresh"]).toBe("0; url=/sign-out/at-provider");
  expect(page.headers["content-security-policy"]).toContain("form-action 'self'");
});

test("the provider is given the ID token, our address and a state, and its answer is believed with that state only", async () => {
  const { browser, signOut } = await signedIn();
  await signOut();
  const sent = new URL(String((await browser.get("/sign-out/at-provider")).headers.location));
  expect(sent.origin + sent.pathname).toBe(endpoint);
  const asked = Object.fromEntries(sent.searchParams);
  expect(asked).toMatchObject({
    client_id: "gatehouse-web",
    post_logout_redirect_uri: "http://127.0.0.1:8440/signed-out",
  });
  expect(asked["id_token_hint"]?.split(".")).toHaveLength(3);
  expect((await browser.get(`/signed-out?state=${asked["state"]}`)).body).toContain("signed out there too");
  // Once: the same answer again, like an invented one, is no proof of anything.
  expect((await browser.get(`/signed-out?state=${asked["state"]}`)).body).toContain("may still");
});

test.each(["", "?state=invented", "?state=a&state=b", "?state=<script>alert(1)</script>"])(
  "a return with %s from the provider says no more than that one is signed out here",
  async (query) => {
    const { browser, signOut } = await signedIn();
    await signOut();
    await browser.get("/sign-out/at-provider");
    const page = await browser.get(`/signed-out${query}`);
    expect(page.body).toContain("may still have you signed in");
    expect(page.body).not.toMatch(/<script|invented/);
    expect(page.headers["refresh"]).toBeUndefined();
  },
);

test.each([
  ["has no place for signing out", {}],
  ["names a script as that place", { end_session_endpoint: "javascript:alert(1)" }],
])("where the provider %s, one is signed out here and told so", async (_name, discovery) => {
  const { browser, signOut } = await signedIn(discovery);
  await signOut();
  expect((await browser.get("/sign-out/at-provider")).headers.location).toBe("/signed-out");
  expect((await browser.get("/signed-out")).body).toContain("may still have you signed in");
});

test("where the provider is down, one is signed out here and told so", async () => {
  const { under, browser, signOut } = await signedIn();
  await signOut();
  under.issuer.isDown = true;
  under.clock.pass(11 * 60_000);
  expect((await browser.get("/sign-out/at-provider")).headers.location).toBe("/signed-out");
});

test("a page elsewhere sends nobody to the provider: only a browser that just signed out goes there", async () => {
  const { browser } = await signedIn();
  expect((await browser.get("/sign-out/at-provider")).headers.location).toBe("/signed-out");
  expect((await browser.get("/approvals")).statusCode).toBe(200);
});

test("an ID token too long for an address is left out, and the provider asks the person", async () => {
  const { under, browser, signOut } = await signedIn();
  under.issuer.codeClaims = { note: "x".repeat(7000) };
  await browser.signIn(approver);
  await signOut();
  const sent = new URL(String((await browser.get("/sign-out/at-provider")).headers.location));
  expect([sent.searchParams.has("id_token_hint"), sent.searchParams.get("client_id")]).toEqual([
    false,
    "gatehouse-web",
  ]);
});
