import { expect, test } from "vitest";
import type { Identity, TokenOutcome } from "#identity";
import { identityUnderTest } from "../../../test/fakes/identity-under-test.ts";
import { memoryLoginStore } from "../../../test/fakes/memory-login-store.ts";
import { memorySessionStore } from "../../../test/fakes/memory-session-store.ts";
import { developer } from "../../../test/fakes/token-issuer.ts";

const cause = { kind: "signed_out_at_provider" } as const;

/** The identity module in which everybody is stopped whole, once, between a proof and the storing of what it opens. */
async function stoppedMeanwhile() {
  const store = memorySessionStore();
  const loginStore = memoryLoginStore();
  const stopping: { identity: Identity | undefined } = { identity: undefined };
  const stop = async (): Promise<void> => {
    const { identity } = stopping;
    stopping.identity = undefined;
    await identity?.signOuts.end("all", cause);
  };
  const parts = await identityUnderTest(async () => ({
    store: { ...store, insert: async (session) => stop().then(() => store.insert(session)) },
    loginStore: { ...loginStore, insert: async (login) => stop().then(() => loginStore.insert(login)) },
  }));
  const { identity, issuer } = parts;
  const exchange = async (subject: string, agent?: string): Promise<TokenOutcome> =>
    identity.tokenEndpoint.answer({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: subject,
      subject_token_type: subject.startsWith("ghl_")
        ? "urn:gatehouse:params:oauth:token-type:login"
        : "urn:ietf:params:oauth:token-type:id_token",
      ...(agent === undefined ? {} : { agent }),
    });
  const arm = (): void => {
    stopping.identity = identity;
  };
  const running = (): unknown[] =>
    [...store.sessions.values()].filter(({ stoppedAt }) => stoppedAt === undefined);
  return { ...parts, exchange, arm, running, token: await issuer.idToken("agent", developer) };
}

test.each(["cursor", undefined])(
  "a token exchange that proved its token just before a stop opens nothing after it (agent %s)",
  async (agent) => {
    const { exchange, arm, running, token, facts } = await stoppedMeanwhile();
    arm();
    expect(await exchange(token, agent)).toMatchObject({ kind: "refused", error: "invalid_grant" });
    expect(running()).toEqual([]);
    expect(facts.map(({ kind }) => kind)).toEqual(["session.opened", "session.stopped"]);
  },
);

test("an identity token shown to the data plane just before a stop opens nothing after it", async () => {
  const { identity, arm, running, token } = await stoppedMeanwhile();
  arm();
  const answer = await identity.authenticator.authenticate(token);
  expect(answer).toMatchObject({ kind: "refused", code: "session_ended" });
  expect(running()).toEqual([]);
});

test("a login that opens a session while it is revoked by a stop leaves none running", async () => {
  const { identity, exchange, arm, running, token } = await stoppedMeanwhile();
  const proven = await identity.authenticator.authenticate(token);
  if (proven.kind !== "caller") throw new Error("nobody");
  const login = await identity.logins.issue(proven.caller.principal, "laptop");
  arm();
  expect(await exchange(login.token, "cursor")).toMatchObject({ kind: "refused" });
  expect(running()).toEqual([]);
});

test("a command that fetches its login while its owner is stopped is left with one that opens nothing", async () => {
  const { identity, arm, token } = await stoppedMeanwhile();
  const proven = await identity.authenticator.authenticate(token);
  if (proven.kind !== "caller") throw new Error("nobody");
  const { principal } = proven.caller;
  const { deviceSignIns, tokenEndpoint, logins } = identity;
  const codes = deviceSignIns.begin({ clientId: "c", machine: "m", command: "x", address: "a" });
  deviceSignIns.claim(codes?.userCode ?? "", { browserId: "b", principalId: principal.id });
  deviceSignIns.decide(codes?.userCode ?? "", "b", principal);
  arm();
  const outcome = await tokenEndpoint.answer({
    grant_type: "urn:ietf:params:oauth:grant-type:device_code",
    device_code: codes?.deviceCode ?? "",
    client_id: "c",
  });
  expect(outcome).toMatchObject({ kind: "refused", error: "access_denied" });
  // None was left to revoke: the one that was made is revoked already.
  expect(await logins.revoke("all")).toBe(0);
});

test("whoever was not meant by the stop is let in while it happens", async () => {
  const { identity, exchange, running, token } = await stoppedMeanwhile();
  const opening = exchange(token, "cursor");
  await identity.signOuts.end({ issuer: "https://other.example.com" }, cause);
  expect((await opening).kind).toBe("issued");
  expect(running()).toHaveLength(1);
});

test("a session that is stopped while it is being looked up is let through no more", async () => {
  const { identity, exchange, token, restart } = await stoppedMeanwhile();
  const outcome = await exchange(token, "cursor");
  if (outcome.kind !== "issued") throw new Error("not issued");
  const { sessionId, accessToken } = outcome;
  const found = await identity.sessions.find(sessionId);
  if (found.kind === "unknown") throw new Error("unknown");
  // The answer of a slow reader: from before the stop, and heard after it.
  const slow = memorySessionStore();
  await slow.insert(found.session);
  const late = await restart({
    store: {
      ...slow,
      find: async () => {
        await late.sessions.stop({ id: sessionId }, cause);
        return found.session;
      },
    },
  });
  expect(await late.authenticator.authenticate(accessToken)).toMatchObject({ code: "session_ended" });
  expect(await late.authenticator.recheck(sessionId)).toMatchObject({ code: "session_ended" });
});
