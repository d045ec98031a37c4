import { expect, test } from "vitest";
import { Secret } from "#lib/secret";
import { controlPlaneUnderTest, fakeBrowser } from "../../../test/fakes/control-plane-under-test.ts";
import { approver, startTokenIssuer, type TokenIssuer } from "../../../test/fakes/token-issuer.ts";

const canary = "C4NARY-of-the-web-client";

/** A browser that comes to a gateway whose web client has a secret, at a provider that a test may turn. */
async function comesToSignIn(turn: (provider: TokenIssuer) => void) {
  const made: TokenIssuer[] = [];
  const under = await controlPlaneUnderTest({}, async (clock) => {
    const provider = await startTokenIssuer(clock);
    turn(provider);
    made.push(provider);
    const settings = { ...provider.settings, webClientSecret: () => new Secret(canary) };
    return { issuers: [settings], networkOf: () => provider.network };
  });
  const [provider] = made;
  if (provider === undefined) throw new Error("no provider was made");
  const browser = fakeBrowser(under);
  const begun = await browser.get("/sign-in");
  const finish = async () => {
    const back = provider.signIn(new URL(String(begun.headers.location)), approver);
    return browser.get(back.pathname + back.search);
  };
  const everything = (page: string): string => page + under.logged.join("\n") + under.audit.text();
  return { under, begun, finish, everything };
}

test("when the provider refuses our client, people are told whom to ask, the log why, and nobody the secret", async () => {
  const { under, finish, everything } = await comesToSignIn((provider) => {
    provider.tokenAnswer = () =>
      Response.json(
        { error: "invalid_client", error_description: `${canary} is not the secret` },
        { status: 401 },
      );
  });
  const page = await finish();
  expect([page.statusCode, page.body]).toEqual([503, expect.stringContaining("Tell the operator")]);
  const why = "the provider refused our client (invalid_client)";
  expect(under.logged.join("\n")).toContain(why);
  expect(under.audit.text()).toContain(why);
  expect(everything(page.body)).not.toContain("C4NARY");
});

test("when the provider takes no secret, nobody is sent there, and the log says what it would have to offer", async () => {
  const { under, begun, everything } = await comesToSignIn((provider) => {
    provider.discovery = { token_endpoint_auth_methods_supported: ["private_key_jwt"] };
  });
  expect([begun.statusCode, begun.body]).toEqual([503, expect.stringContaining("sign_in_misconfigured")]);
  expect(under.logged.join("\n")).toContain("neither client_secret_basic nor client_secret_post");
  expect(everything(begun.body)).not.toContain("C4NARY");
});

test("a sign-in with the right secret leaves it in no log and no entry", async () => {
  const { under, finish, everything } = await comesToSignIn(() => undefined);
  const page = await finish();
  expect(page.statusCode).toBe(303);
  expect(under.audit.text()).toContain("auth.signed_in");
  expect(everything(page.body)).not.toContain("C4NARY");
});
