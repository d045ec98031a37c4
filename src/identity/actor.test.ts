import { expect, test } from "vitest";
import { type Actor, isFresh, permissionOf } from "#identity";
import { limits } from "#lib/limits";
import { identityUnderTest } from "../../test/fakes/identity-under-test.ts";
import { allActs } from "./roles.ts";

/** Somebody who holds every role, so that only the proof makes a difference. */
const everything = { email: "all@example.com", groups: ["engineering", "sre", "audit", "platform"] };

async function underTest() {
  const parts = await identityUnderTest();
  const { identity, issuer } = parts;
  const actorOf = async (token: string): Promise<Actor> => {
    const verdict = await identity.actors.identify(token);
    if (verdict.kind === "refused") throw new Error(`${verdict.code}: ${verdict.detail}`);
    return verdict.actor;
  };
  const gatewayToken = async (): Promise<string> => {
    const outcome = await identity.tokenEndpoint.answer({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: await issuer.idToken("agent", everything),
      subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
      agent: "cursor",
    });
    if (outcome.kind !== "issued") throw new Error(JSON.stringify(outcome));
    return outcome.accessToken;
  };
  const granted = (actor: Actor) =>
    allActs.filter((act) => permissionOf(actor, act, parts.clock.now()) === "granted");
  return { ...parts, actorOf, gatewayToken, granted };
}

const agentActs = ["session.use", "session.stop_this", "session.end_this", "approval.follow_own"];
const peopleActs = [
  "session.stop_own",
  "approval.review",
  "approval.vote",
  "audit.read",
  "audit.custody",
  "session.stop_any",
  "sink.manage",
];

test("a stored sign-in never votes, reads the audit or administers, whatever groups its owner is in", async () => {
  const { actorOf, issuer, granted } = await underTest();
  expect(granted(await actorOf(await issuer.idToken("agent", everything)))).toEqual(agentActs);
});

test("a gateway token never votes, reads the audit or administers, whatever groups its owner is in", async () => {
  const { actorOf, gatewayToken, granted } = await underTest();
  expect(granted(await actorOf(await gatewayToken()))).toEqual(agentActs);
});

test("a console token carries no agent's acts", async () => {
  const { actorOf, issuer, granted } = await underTest();
  expect(granted(await actorOf(await issuer.idToken("console", everything)))).toEqual(peopleActs);
});

test("a console token counts for five minutes from the sign-in, however long it lives", async () => {
  const { actorOf, issuer, granted, clock } = await underTest();
  const token = await issuer.idToken("console", everything);
  clock.pass(limits.approverSignInAgeMsMax - 1_000);
  expect(granted(await actorOf(token))).toEqual(peopleActs);
  clock.pass(1_000);
  expect(granted(await actorOf(token))).toEqual([]);
});

test("a console token that does not say when the person was there counts for nothing", async () => {
  const { actorOf, issuer, granted } = await underTest();
  expect(
    granted(await actorOf(await issuer.idToken("console", everything, { auth_time: undefined }))),
  ).toEqual([]);
});

test("a refreshed console token keeps the time of the sign-in", async () => {
  const { actorOf, issuer, granted, clock } = await underTest();
  const signedInS = Math.floor(clock.now().getTime() / 1000);
  clock.pass(3_600_000);
  expect(
    granted(await actorOf(await issuer.idToken("console", everything, { auth_time: signedInS }))),
  ).toEqual([]);
});

test("a browser signed in an hour ago may look at the inbox, end what is its owner's, and do nothing else", async () => {
  const { identity, granted, clock } = await underTest();
  const principal = { id: "p", issuer: "i", subject: "s", email: undefined, groups: everything.groups };
  const actor = identity.actors.ofSignIn({ principal, signedInAt: clock.now() });
  expect(granted(actor)).toEqual(peopleActs);
  clock.pass(3_600_000);
  expect(granted(actor)).toEqual(["session.stop_own", "approval.review"]);
});

test("the browser's own token is worth nothing as a bearer token", async () => {
  const { identity, issuer } = await underTest();
  const verdict = await identity.actors.identify(await issuer.idToken("web", everything));
  expect(verdict).toMatchObject({ kind: "refused", code: "invalid" });
});

test.each([
  ["ya29.a0AfH6SMBx", "google_credential"],
  ["hunter2", "invalid"],
])("%s is refused as %s", async (token, code) => {
  expect(await (await underTest()).identity.actors.identify(token)).toMatchObject({ kind: "refused", code });
});

test("a gateway token of a stopped session identifies nobody", async () => {
  const { identity, gatewayToken } = await underTest();
  const token = await gatewayToken();
  await identity.sessions.stop("all", { kind: "refresh_token_reused" });
  expect(await identity.actors.identify(token)).toMatchObject({ kind: "refused", code: "session_ended" });
});

test("a sign-in from the future beyond the skew is not fresh, nor is an unknown one", () => {
  const now = new Date("2026-11-24T12:00:00Z");
  const at = (ms: number) => isFresh({ signedInAt: new Date(now.getTime() + ms) }, now);
  expect([at(60_000), at(60_001), at(0), at(-300_000), at(-300_001)]).toEqual([
    true,
    false,
    true,
    true,
    false,
  ]);
  expect(isFresh({ signedInAt: undefined }, now)).toBe(false);
});
