import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { manualClock } from "../../test/fakes/manual-clock.ts";
import { manualTimer } from "../../test/fakes/manual-timer.ts";
import { memorySessionStore } from "../../test/fakes/memory-session-store.ts";
import type { Principal } from "./principal.ts";
import { openSessions, type SessionFact, type SessionsParts } from "./sessions.ts";

const principal: Principal = {
  id: "p",
  issuer: "https://login.example.com",
  subject: "s",
  email: undefined,
  groups: [],
};
const wanted = { principal, agent: "cursor", connection: undefined };
const cause = { kind: "person", principal } as const;

function underTest(changes: Partial<SessionsParts> = {}) {
  const parts = { store: memorySessionStore(), clock: manualClock(), timer: manualTimer() };
  const facts: SessionFact[] = [];
  const sessions = openSessions({
    ...parts,
    isVouchedFor: () => true,
    onFact: async (fact) => void facts.push(fact),
    ...changes,
  });
  const stopped: string[] = [];
  sessions.onStopped(({ id }) => stopped.push(id));
  const pass = (ms: number): void => {
    parts.clock.pass(ms);
    parts.timer.pass(ms);
  };
  return { ...parts, sessions, facts, stopped, pass };
}

test("a session whose opening cannot be recorded is not opened", async () => {
  const { sessions, store } = underTest({ onFact: () => Promise.reject(new Error("disk full")) });
  await expect(sessions.open(wanted)).rejects.toThrow("disk full");
  expect(store.sessions.size).toBe(0);
});

test("a stop that cannot be recorded stops the session all the same, and says that it was not recorded", async () => {
  const recorded: SessionFact[] = [];
  const onFact = async (fact: SessionFact): Promise<void> => {
    if (fact.kind === "session.stopped") throw new Error("disk full");
    recorded.push(fact);
  };
  const { sessions, stopped } = underTest({ onFact });
  const { id } = await sessions.open(wanted);
  await expect(sessions.stop({ id }, cause)).rejects.toThrow("disk full");
  expect(stopped).toEqual([id]);
  expect((await sessions.find(id)).kind).toBe("over");
});

test("a session ends after twelve hours and is never running again, even if the wall clock is set back", async () => {
  const { sessions, clock, pass, stopped } = underTest();
  const session = await sessions.open(wanted);
  pass(limits.sessionLifeMsMax - 1);
  expect((await sessions.find(session.id)).kind).toBe("running");
  pass(1);
  expect(stopped).toEqual([session.id]);
  const yesterday = new Date(clock.now().getTime() - 86_400_000);
  const monotonicMs = clock.monotonicMs();
  Object.assign(clock, { now: () => yesterday, monotonicMs: () => monotonicMs });
  expect((await sessions.find(session.id)).kind).toBe("over");
});

test("a session from before a restart is watched from the moment it is seen", async () => {
  const first = underTest();
  const { id } = await first.sessions.open(wanted);
  const second = underTest({ store: first.store });
  await second.sessions.find(id);
  second.pass(limits.sessionLifeMsMax);
  expect(second.stopped).toEqual([id]);
});

test("listeners hear of a stop before it is on record, and only of sessions that ran", async () => {
  const order: string[] = [];
  const { sessions, facts } = underTest({ onFact: async (fact) => void order.push(fact.kind) });
  const mine = await sessions.open(wanted);
  sessions.onStopped(({ id }) => order.push(`cut ${id}`));
  expect(await sessions.stop({ id: mine.id }, cause)).toEqual([mine.id]);
  expect(await sessions.stop({ id: mine.id }, cause)).toEqual([]);
  expect(order).toEqual(["session.opened", `cut ${mine.id}`, "session.stopped"]);
  expect(facts).toEqual([]);
});

test("a session that its agent ends is over at once and on record before, and ending it again is nothing", async () => {
  const order: string[] = [];
  const { sessions, stopped } = underTest({ onFact: async ({ kind }) => void order.push(kind) });
  const { id } = await sessions.open(wanted);
  sessions.onStopped(() => order.push("cut"));
  await Promise.all([sessions.end(id), sessions.end(id)]);
  await sessions.end(id);
  expect(order).toEqual(["session.opened", "session.ended", "cut"]);
  expect([stopped, (await sessions.find(id)).kind]).toEqual([[id], "over"]);
});

test("an ended session is never running again, not after a restart and not when the wall clock is set back", async () => {
  const { sessions, store, clock } = underTest();
  const { id } = await sessions.open(wanted);
  await sessions.end(id);
  const second = underTest({ store });
  const yesterday = new Date(clock.now().getTime() - 86_400_000);
  Object.assign(second.clock, { now: () => yesterday });
  expect((await second.sessions.find(id)).kind).toBe("over");
  expect(second.timer.waiting).toBe(0);
});

test("an end that cannot be recorded is none: the session runs on", async () => {
  const onFact = async ({ kind }: SessionFact): Promise<void> => {
    if (kind === "session.ended") throw new Error("disk full");
  };
  const { sessions, stopped } = underTest({ onFact });
  const { id } = await sessions.open(wanted);
  await expect(sessions.end(id)).rejects.toThrow("disk full");
  expect([stopped, (await sessions.find(id)).kind]).toEqual([[], "running"]);
});

test("after a crash between record and end the session runs until it is ended again, and both are on record", async () => {
  const { sessions, store, facts } = underTest();
  const { id } = await sessions.open(wanted);
  const { end } = store;
  Object.assign(store, { end: () => Promise.reject(new Error("killed")) });
  await expect(sessions.end(id)).rejects.toThrow("killed");
  Object.assign(store, { end });
  const second = underTest({ store });
  expect((await second.sessions.find(id)).kind).toBe("running");
  await second.sessions.end(id);
  expect((await second.sessions.find(id)).kind).toBe("over");
  const kinds = [...facts, ...second.facts].map(({ kind }) => kind);
  expect(kinds).toEqual(["session.opened", "session.ended", "session.ended"]);
});

test("whoever ends a session while it is stopped has not escaped the stop", async () => {
  const recording = Promise.withResolvers<void>();
  const onFact = ({ kind }: SessionFact): Promise<void> =>
    kind === "session.ended" ? recording.promise : Promise.resolve();
  const { sessions, store } = underTest({ onFact });
  const { id } = await sessions.open(wanted);
  const ending = sessions.end(id);
  expect(await sessions.stop({ id }, cause)).toEqual([id]);
  recording.resolve();
  await ending;
  const session = await store.find(id);
  expect([session?.stoppedAt, session?.endedAt]).toEqual([expect.any(Date), undefined]);
});

test("a stop hits what an ended session still asks for, and has nothing to say of one that asks for nothing", async () => {
  const { sessions, store, facts } = underTest();
  const [asking, done] = [await sessions.open(wanted), await sessions.open(wanted)];
  for (const { id } of [asking, done]) await sessions.end(id);
  store.asking.add(asking.id);
  expect(await sessions.stop("all", cause)).toEqual([asking.id]);
  expect(facts.filter(({ kind }) => kind === "session.stopped")).toHaveLength(1);
  expect((await store.find(done.id))?.stoppedAt).toBeDefined();
});

test("all sessions of a principal stop at once, and no other", async () => {
  const { sessions } = underTest();
  const mine = await sessions.open(wanted);
  const other = await sessions.open({ ...wanted, principal: { ...principal, id: "q" } });
  expect(await sessions.stop({ principal: "p" }, cause)).toEqual([mine.id]);
  expect((await sessions.find(other.id)).kind).toBe("running");
});

test("one token opens one session, however often and at once it is shown", async () => {
  const { sessions, store, clock } = underTest();
  const token = { digest: "d", countsUntil: new Date(clock.now().getTime() + 3_600_000) };
  const found = await Promise.all([1, 2, 3].map(() => sessions.openFor(token, principal)));
  expect(new Set(found.map((each) => (each.kind === "running" ? each.session.id : each.kind))).size).toBe(1);
  expect(store.sessions.size).toBe(1);
});

test("a token whose session was stopped opens no other, not even after a restart", async () => {
  const { sessions, store, clock } = underTest();
  const token = { digest: "d", countsUntil: new Date(clock.now().getTime() + 3_600_000) };
  const found = await sessions.openFor(token, principal);
  if (found.kind !== "running") throw new Error("not running");
  await sessions.stop({ id: found.session.id }, cause);
  expect((await sessions.openFor(token, principal)).kind).toBe("over");
  expect((await underTest({ store }).sessions.openFor(token, principal)).kind).toBe("over");
});

test("a session opened by a token ends with the token, and after twelve hours at the latest", async () => {
  const { sessions, clock } = underTest();
  const nowMs = clock.now().getTime();
  const endOf = async (digest: string, lifeMs: number): Promise<number | undefined> => {
    const found = await sessions.openFor({ digest, countsUntil: new Date(nowMs + lifeMs) }, principal);
    return found.kind === "running" ? found.session.endsAt.getTime() - nowMs : undefined;
  };
  expect(await endOf("hour", 3_600_000)).toBe(3_600_000);
  expect(await endOf("day", 86_400_000)).toBe(limits.sessionLifeMsMax);
});

test("nothing is left running when sessions are closed", async () => {
  const { sessions, timer } = underTest();
  await sessions.open(wanted);
  expect(timer.waiting).toBe(1);
  sessions.close();
  expect(timer.waiting).toBe(0);
});
