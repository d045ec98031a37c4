import { expect, test } from "vitest";
import { manualClock } from "../../../test/fakes/manual-clock.ts";
import { memorySignOutStore } from "../../../test/fakes/memory-sign-out-store.ts";
import { parseCompactToken } from "../compact-token.ts";
import type { IdentityVerdict } from "../proven-identity.ts";
import { standingOpaqueTokens, standingTokens } from "./standing-tokens.ts";

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

test("a machine's token with a person's sid does not take over whose session that is, and with it their sign-out", async () => {
  const signOuts = memorySignOutStore();
  const session = { issuer, sid: "sid-1" };
  await signOuts.remember(session, "person", new Date(1e15));
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const token = parseCompactToken(`${part({ alg: "RS256" })}.${part({ iss: issuer, sid: "sid-1" })}.AAAA`);
  if (token === undefined) throw new Error("no token");
  const workload = { machine: "ci", agent: "ci", displayName: "ci", connections: undefined };
  const principal = { id: "m", issuer, subject: "machine", email: undefined, groups: [] };
  const times = { signedInAt: undefined, issuedAt: new Date(1_000), countsUntil: new Date(1e15) };
  const tokens = standingTokens(
    {
      knows: () => true,
      concerns: () => true,
      verify: async () => ({ kind: "proven", identity: { principal, client: "agent", ...times, workload } }),
    },
    { signOuts, clock: manualClock() },
  );
  expect((await tokens.verify(token, ["agent"])).kind).toBe("proven");
  expect(await signOuts.subjectOf(session)).toBe("person");
});
