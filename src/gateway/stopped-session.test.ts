import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { bench, decision, host, readUntil } from "../../test/fakes/data-plane-under-test.ts";
import { identityUnderTest } from "../../test/fakes/identity-under-test.ts";
import { rawAnswer } from "../../test/fakes/scripted-upstream.ts";
import { developer } from "../../test/fakes/token-issuer.ts";

const download = "/download/storage/v1/b/logs/o/x?alt=media";
const upload = "/upload/storage/v1/b/logs/o?uploadType=media";
const endless = rawAnswer(
  "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 1000000\r\n\r\nbeginning",
);

/** A data plane over the real sessions, and an agent with one of them. */
async function running() {
  const { identity, issuer, clock, timer } = await identityUnderTest();
  const open = async () => {
    const answer = await identity.tokenEndpoint.answer({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: await issuer.idToken("agent", developer),
      subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
      agent: "cursor",
    });
    if (answer.kind !== "issued") throw new Error(answer.kind);
    return { token: answer.accessToken, sessionId: answer.sessionId };
  };
  const under = await bench({ script: endless, ports: { authenticator: identity.authenticator } });
  const [{ token, sessionId }, second] = [await open(), await open()];
  return {
    ...under,
    ...{ identity, clock, timer, sessionId },
    tunnel: () => under.tunnel({ token }),
    secondTunnel: () => under.tunnel({ token: second.token }),
  };
}
type Running = Awaited<ReturnType<typeof running>>;

/** What is under way when the session ends, up to the point from which it would go on for ever. */
const underWay: Readonly<Record<string, (under: Running, socket: Socket) => Promise<void>>> = {
  "a streaming answer": async (_under, socket) => {
    socket.write(`GET ${download} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    await readUntil(socket, (text) => text.includes("beginning"));
  },
  "an upload": async (under, socket) => {
    const length = limits.digestedBodyBytesMax * 4;
    socket.write(`POST ${upload} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${length}\r\n\r\n`);
    socket.write(Buffer.alloc(limits.digestedBodyBytesMax * 2));
    while (under.upstream.receivedBytes() < limits.digestedBodyBytesMax) await new Promise(setImmediate);
  },
  "a call the upstream has not answered": async (under, socket) => {
    const asked = new Promise<void>((seen) => under.upstream.play(() => seen()));
    socket.write(`GET ${download} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    await asked;
  },
};

const ends: Readonly<Record<string, (under: Running) => unknown>> = {
  "stopped by its id": ({ identity, sessionId }) =>
    identity.sessions.stop({ id: sessionId }, { kind: "refresh_token_reused" }),
  "stopped with its principal": ({ identity }) =>
    identity.signOuts.end({ principal: developer.email }, { kind: "signed_out_at_provider" }),
  "stopped with its issuer": ({ identity }) =>
    identity.signOuts.end({ issuer: "https://login.example.com" }, { kind: "signed_out_at_provider" }),
  "ended by its agent": ({ identity, sessionId }) => identity.sessions.end(sessionId),
  "over after twelve hours": ({ clock, timer }) => {
    clock.pass(limits.sessionLifeMsMax);
    timer.pass(limits.sessionLifeMsMax);
  },
};

const cases = Object.entries(underWay).flatMap(([what, begin]) =>
  Object.entries(ends).map(([how, end]) => ({ what, how, begin, end })),
);

test.each(cases)("$what is cut when its session is $how, and that is on record", async ({ begin, end }) => {
  const under = await running();
  const socket = await under.tunnel();
  await begin(under, socket);
  const closed = new Promise((done) => socket.once("close", done));
  const recorded = new Promise<void>((done) => under.audit.on("exchange.aborted", async () => done()));
  await end(under);
  await Promise.all([closed, under.upstream.closedByPeer(1), recorded]);
  await under.plane.close({ graceMs: 1000 });
  expect(under.audit.kinds()).toEqual(["exchange.intent", "exchange.aborted"]);
  const { decision: code, detail } = under.audit.entries[1] ?? {};
  expect(code ?? detail?.["cause"]).toBe("session_ended");
});

test.each(Object.entries(ends))(
  "a call that waits for approval is let go when its session is %s, and is never sent",
  async (how, end) => {
    const under = await running();
    under.decide(() => decision("require_approval"));
    const socket = await under.tunnel();
    socket.write(`DELETE /storage/v1/b/logs HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: curl/8\r\n\r\n`);
    const id = await under.desk.someoneWaits();
    const closed = new Promise((done) => socket.once("close", done));
    const recorded = new Promise<void>((done) => under.audit.on("exchange.refused", async () => done()));
    await end(under);
    await Promise.all([closed, recorded]);
    // People who say yes now say it to nobody.
    under.desk.move(id, "approved");
    await under.plane.close({ graceMs: 1000 });
    expect([how, under.upstream.requests.length]).toEqual([how, 0]);
    expect(under.audit.entries).toMatchObject([
      { kind: "exchange.refused", decision: "session_ended", approvalId: id },
    ]);
  },
);

test.each(Object.entries(ends))("an idle tunnel is closed when its session is %s", async (_how, end) => {
  const under = await running();
  const socket = await under.tunnel();
  const closed = new Promise((done) => socket.once("close", done));
  await end(under);
  await closed;
  await expect(under.tunnel()).rejects.toThrow(/407/);
});

test("within the turn of the stop the gateway has let go: nothing the upstream says after it is passed on", async () => {
  const under = await running();
  let say = (): void => undefined;
  under.upstream.play((request, socket) => {
    say = () => void socket.write("after the stop");
    endless(request, socket);
  });
  const socket = await under.tunnel();
  socket.write(`GET ${download} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await readUntil(socket, (text) => text.includes("beginning"));
  const rest = readUntil(socket);
  const stopping = under.identity.sessions.stop({ id: under.sessionId }, { kind: "refresh_token_reused" });
  // The store has marked it by then; whatever arrives from here on arrives after the cut.
  await stopping;
  say();
  expect(await rest).toBe("");
});

test("another session of the same person goes on", async () => {
  const under = await running();
  const [own, socket] = [await under.tunnel(), await under.secondTunnel()];
  socket.write(`GET ${download} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await readUntil(socket, (text) => text.includes("beginning"));
  const closed = new Promise((done) => own.once("close", done));
  await under.identity.sessions.stop({ id: under.sessionId }, { kind: "refresh_token_reused" });
  await closed;
  under.upstream.play(rawAnswer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  expect(socket.destroyed).toBe(false);
  expect((await under.send({ target: download, socket: await under.secondTunnel() })).status).toBe(200);
});
