import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { manualClock } from "../../../test/fakes/manual-clock.ts";
import type { Principal } from "../principal.ts";
import { openDeviceSignIns } from "./device-sign-ins.ts";

const principal: Principal = {
  id: "developer",
  issuer: "https://saml.example.com/idp",
  subject: "developer",
  email: "developer@example.com",
  groups: ["engineering"],
};
const own = { browserId: "own browser", principalId: "developer" };
const other = { browserId: "other browser", principalId: "other" };

function underTest() {
  const clock = manualClock("2026-01-01T00:00:00.000Z");
  const desk = openDeviceSignIns(clock);
  const begin = (clientId = "gatehouse-cli") => {
    const codes = desk.begin({
      clientId,
      machine: "laptop",
      command: "gatehouse login",
      address: "127.0.0.1",
    });
    if (codes === undefined) throw new Error("too many wait");
    return codes;
  };
  /** Asks as often as the server allows. */
  const poll = (deviceCode: string, clientId = "gatehouse-cli") => {
    clock.pass(limits.devicePollIntervalMs);
    return desk.poll(deviceCode, clientId).kind;
  };
  return { clock, desk, begin, poll };
}

test("a code that somebody typed and approved signs the command in, once", () => {
  const { desk, begin, poll } = underTest();
  const { deviceCode, userCode } = begin();
  expect(poll(deviceCode)).toBe("pending");
  expect(desk.claim(`${userCode.slice(0, 4)}-${userCode.slice(4)}`.toLowerCase(), own)).toBe("claimed");
  expect(poll(deviceCode)).toBe("pending");
  expect(desk.decide(userCode, own.browserId, principal)).toBe(true);
  expect(poll(deviceCode)).toBe("approved");
  expect(poll(deviceCode)).toBe("unknown");
});

test("only the browser session that claimed a code decides about it", () => {
  const { desk, begin, poll } = underTest();
  const { deviceCode, userCode } = begin();
  desk.claim(userCode, own);
  expect(desk.claim(userCode, other)).toBe("unknown");
  expect(desk.claimed(other.browserId)).toBeUndefined();
  expect(desk.decide(userCode, other.browserId, principal)).toBe(false);
  expect(poll(deviceCode)).toBe("pending");
});

test("a code that nobody claimed cannot be decided, and a decision stands", () => {
  const { desk, begin, poll } = underTest();
  const { deviceCode, userCode } = begin();
  expect(desk.decide(userCode, own.browserId, principal)).toBe(false);
  desk.claim(userCode, own);
  expect(desk.decide(userCode, own.browserId, "denied")).toBe(true);
  expect(desk.decide(userCode, own.browserId, principal)).toBe(false);
  expect(poll(deviceCode)).toBe("denied");
});

test("guessing codes ends after five wrong ones, for the person, whatever browser they use", () => {
  const { desk, begin, clock } = underTest();
  const { userCode } = begin();
  for (let wrong = 0; wrong < limits.wrongUserCodesMax; wrong += 1) {
    expect(desk.claim("BBBB-BBBB", { ...own, browserId: `browser ${wrong}` })).toBe("unknown");
  }
  expect(desk.claim(userCode, { ...own, browserId: "another" })).toBe("too_many_guesses");
  expect(desk.claim(userCode, other)).toBe("claimed");
  clock.pass(limits.deviceCodeLifeMs);
  expect(desk.claim("BBBB-BBBB", own)).toBe("unknown");
});

test("guessing by many people together ends too", () => {
  const { desk, begin } = underTest();
  const { userCode } = begin();
  for (let wrong = 0; wrong < limits.wrongUserCodesTotalMax; wrong += 1) {
    expect(desk.claim("BBBB-BBBB", { browserId: "b", principalId: `person ${wrong}` })).toBe("unknown");
  }
  expect(desk.claim(userCode, other)).toBe("too_many_guesses");
});

test("a command that asks too often is told to slow down, by five seconds each time", () => {
  const { desk, begin, clock } = underTest();
  const { deviceCode, userCode } = begin();
  desk.claim(userCode, own);
  desk.decide(userCode, own.browserId, principal);
  const poll = (afterMs: number) => {
    clock.pass(afterMs);
    return desk.poll(deviceCode, "gatehouse-cli").kind;
  };
  const fresh = begin();
  expect(desk.poll(fresh.deviceCode, "gatehouse-cli").kind).toBe("pending");
  expect(desk.poll(fresh.deviceCode, "gatehouse-cli").kind).toBe("slow_down");
  clock.pass(limits.devicePollIntervalMs);
  expect(desk.poll(fresh.deviceCode, "gatehouse-cli").kind).toBe("slow_down");
  clock.pass(2 * limits.devicePollIntervalMs);
  expect(desk.poll(fresh.deviceCode, "gatehouse-cli").kind).toBe("slow_down");
  clock.pass(4 * limits.devicePollIntervalMs);
  expect(desk.poll(fresh.deviceCode, "gatehouse-cli").kind).toBe("pending");
  expect(poll(0)).toBe("approved");
});

test("after ten minutes a code can neither be claimed nor decided, and the command is told", () => {
  const { desk, begin, clock, poll } = underTest();
  const claimed = begin();
  const unclaimed = begin();
  desk.claim(claimed.userCode, own);
  clock.pass(limits.deviceCodeLifeMs);
  expect(desk.decide(claimed.userCode, own.browserId, principal)).toBe(false);
  expect(desk.claim(unclaimed.userCode, own)).toBe("unknown");
  expect(poll(claimed.deviceCode)).toBe("expired");
});

test("an approval that the command did not fetch in time is worth nothing", () => {
  const { desk, begin, clock, poll } = underTest();
  const { deviceCode, userCode } = begin();
  desk.claim(userCode, own);
  desk.decide(userCode, own.browserId, principal);
  clock.pass(limits.deviceCodeLifeMs);
  expect(poll(deviceCode)).toBe("expired");
});

test("a device code is worth nothing to another client, and that costs its owner nothing", () => {
  const { desk, begin, poll } = underTest();
  const { deviceCode, userCode } = begin();
  desk.claim(userCode, own);
  desk.decide(userCode, own.browserId, principal);
  expect(poll(deviceCode, "another-client")).toBe("unknown");
  expect(poll(userCode)).toBe("unknown");
  expect(poll(deviceCode)).toBe("approved");
});

test("who floods the desk is turned away; nobody who waits is pushed out", () => {
  const { desk, begin, clock } = underTest();
  const first = begin();
  for (let count = 1; count < limits.deviceSignInsMax; count += 1) begin();
  expect(() => begin()).toThrow("too many wait");
  expect(desk.claim(first.userCode, own)).toBe("claimed");
  clock.pass(2 * limits.deviceCodeLifeMs);
  expect(() => begin()).not.toThrow();
});

test("user codes are eight consonants, and no two that wait are alike", () => {
  const { begin } = underTest();
  const codes = Array.from({ length: 200 }, () => begin().userCode);
  for (const code of codes) expect(code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{8}$/);
  expect(new Set(codes).size).toBe(200);
});
