import { expect, test } from "vitest";
import { identityUnderTest } from "../../../test/fakes/identity-under-test.ts";
import { logoutToken } from "../../../test/fakes/logout-token.ts";
import { developer } from "../../../test/fakes/token-issuer.ts";

/** A provider at which `oid` tells people apart, with somebody who came here as `oid-1` in its session `sid-1`. */
async function namedByAnotherClaim() {
  const parts = await identityUnderTest();
  const { issuer } = parts;
  const claims = { ...issuer.settings.claims, subject: ["oid"] as const };
  const identity = await parts.restart({ issuers: [{ ...issuer.settings, claims }] });
  const token = await issuer.idToken("agent", developer, { oid: "oid-1", sid: "sid-1" });
  const answer = await identity.authenticator.authenticate(token);
  if (answer.kind !== "caller") throw new Error("nobody");
  const prove = async (changes: Record<string, unknown>) =>
    identity.signOuts.prove(issuer.settings.id, await logoutToken(issuer, developer, changes));
  return { id: answer.caller.principal.id, prove };
}

test.each([
  ["by the session", { sid: "sid-1" }],
  ["by that claim", { oid: "oid-1" }],
  ["by both", { oid: "oid-1", sid: "sid-1" }],
])(
  "where another claim than sub tells people apart, a logout token that names one %s is about them",
  async (_, claims) => {
    const { id, prove } = await namedByAnotherClaim();
    expect(await prove(claims)).toMatchObject({ kind: "signed_out", signOut: { principalId: id } });
  },
);

test("where another claim than sub tells people apart, a logout token with sub alone is refused rather than obeyed for nobody", async () => {
  const { prove } = await namedByAnotherClaim();
  expect(await prove({})).toMatchObject({ kind: "refused", detail: "neither oid nor sid" });
});

test("where another claim than sub tells people apart, a sub that is somebody's name there signs nobody out", async () => {
  const { prove } = await namedByAnotherClaim();
  expect(await prove({ sub: "oid-1" })).toMatchObject({ kind: "refused" });
});
