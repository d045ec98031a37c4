import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { identityToken } from "../scenarios/test-agent.ts";
import { freePort, type GatewayWithProviders, startGateway } from "./gateway-with-providers.ts";
import { HttpBrowser } from "./http-browser.ts";
import { matrix } from "./matrix.ts";

const row = matrix("Signing out at a provider nobody here wrote (oidc-provider)");
const person = "developer@example.com";

let gateway: GatewayWithProviders;
beforeAll(async () => {
  gateway = await startGateway([], await freePort());
});
afterAll(() => gateway.close());

async function post(path: string, form: Record<string, string>): Promise<Response> {
  return fetch(`${gateway.controlUrl}${path}`, { method: "POST", body: new URLSearchParams(form) });
}

async function isActive(token: string): Promise<boolean> {
  const answer: unknown = await (await post("/v1/introspect", { token })).json();
  return z.object({ active: z.boolean() }).parse(answer).active;
}

/** As an agent would: the answer of the token endpoint. */
async function exchange(subject_token: string): Promise<Response> {
  return post("/v1/token", {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token,
    subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
    agent: "cursor",
  });
}

test("signing out in the browser goes on to the provider, whose logout token ends the person's agents", async () => {
  const { controlUrl } = gateway;
  const browser = new HttpBrowser();
  await browser.submit(await browser.get(`${controlUrl}/sign-in`), { person });
  const stored = await identityToken(controlUrl, person, "gatehouse-agent");
  const opened = z.object({ access_token: z.string() }).parse(await (await exchange(stored)).json());
  expect(await isActive(opened.access_token)).toBe(true);

  const signedOut = await browser.submit(await browser.get(controlUrl), {});
  row({
    what: "sign-out at Gatehouse: its own session",
    expected: "ended, the provider is next",
    observed: signedOut.text.includes("Going on to your identity provider")
      ? "ended, the provider is next"
      : signedOut.text,
  });
  row({
    what: "sign-out at Gatehouse alone: the agent's session",
    expected: "runs",
    observed: (await isActive(opened.access_token)) ? "runs" : "ended",
  });

  const asked = await browser.get(`${controlUrl}/sign-out/at-provider`);
  const back = await browser.submit(asked, { logout: "yes" });
  row({
    what: "RP-initiated logout: return with our state",
    expected: "/signed-out, there too",
    observed: `${back.url.pathname}, ${back.text.includes("signed out there too") ? "there too" : "here only"}`,
  });
  row({
    what: "back-channel logout: the agent's session",
    expected: "ended",
    observed: (await isActive(opened.access_token)) ? "runs" : "ended",
  });
  row({
    what: "back-channel logout: an ID token stored before",
    expected: "400",
    observed: String((await exchange(stored)).status),
  });
});
