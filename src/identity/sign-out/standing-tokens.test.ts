import { expect, test } from "vitest";
import { manualClock } from "../../../test/fakes/manual-clock.ts";
import { memorySignOutStore } from "../../../test/fakes/memory-sign-out-store.ts";
import type { IdentityVerdict } from "../proven-identity.ts";
import { standingOpaqueTokens } from "./standing-tokens.ts";

const issuer = "https://login.example.com";

function under(issuedAt: Date | undefined) {
  const signOuts = memorySignOutStore();
  const principal = { id: "p", issuer, subject: "s", email: "developer@example.com", groups: [] };
  const verdict: IdentityVerdict = {
    kind: "proven",
    identity: { principal, client: "agent", signedInAt: undefined, issuedAt, countsUntil: new Date(1e15) },
  };
  const tokens = standingOpaqueTokens(
    { verifyOpaque: async () => verdict },
    { signOuts, clock: manualClock() },
  );
  return { signOuts, kind: async () => (await tokens.verifyOpaque("opaque")).kind };
}

test("a token that only its issuer can read opens nothing once its owner was stopped", async () => {
  const { signOuts, kind } = under(new Date(1_000));
  expect(await kind()).toBe("proven");
  await signOuts.end(`issuer ${issuer}`, new Date(2_000));
  expect(await kind()).toBe("refused");
});

test("one that was issued after the stop opens again", async () => {
  const { signOuts, kind } = under(new Date(3_000));
  await signOuts.end("principal developer@example.com", new Date(2_000));
  expect(await kind()).toBe("proven");
});

test("where nobody says when it was issued, it does not outlive a stop", async () => {
  const { signOuts, kind } = under(undefined);
  expect(await kind()).toBe("proven");
  await signOuts.end("all", new Date(2_000));
  expect(await kind()).toBe("refused");
});
