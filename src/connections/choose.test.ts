import { expect, test } from "vitest";
import type { Caller } from "#identity";
import { chooseConnection } from "./choose.ts";
import type { Connection } from "./connection.ts";

const connection = (name: string, change: Partial<Connection> = {}): Connection => ({
  name,
  identity: { kind: "none" },
  hosts: ["*"],
  projects: ["*"],
  groups: ["*"],
  endpoint: undefined,
  quotaProject: undefined,
  ...change,
});

const caller = (groups: readonly string[], named?: string): Caller => {
  const principal = { id: "p", issuer: "https://idp.example.com", subject: "s", email: undefined, groups };
  const at = new Date(0);
  return {
    principal,
    proof: "gateway_token",
    session: {
      id: "ses_1",
      principal,
      agent: "a",
      connection: named,
      startedAt: at,
      endsAt: at,
      stoppedAt: undefined,
    },
  };
};

const wanted = { service: "run.googleapis.com", project: "web-1" };
const outcome = (
  all: readonly Connection[],
  who: Caller,
  what: { service: string; project: string | undefined } = wanted,
): string => {
  const choice = chooseConnection(all, who, what);
  return choice.kind === "chosen" ? choice.connection.name : choice.code;
};

test("no connection is lent to a principal whose groups it does not list", () => {
  expect(outcome([connection("prod", { groups: ["sre"] })], caller(["engineering"]))).toBe("no_connection");
  expect(outcome([], caller(["engineering"]))).toBe("no_connection");
});

test("a connection that may not be used is refused in the words of one that does not exist", () => {
  const all = [connection("prod", { groups: ["sre"] })];
  const say = (name: string) => {
    const choice = chooseConnection(all, caller(["engineering"], name), wanted);
    return choice.kind === "refused" ? choice.detail.replace(name, "?") : "chosen";
  };
  expect(say("prod")).toBe(say("nowhere"));
});

test("a session that names a connection gets no other, even if another fits", () => {
  const all = [connection("prod", { projects: ["prod-1"] }), connection("dev")];
  expect(outcome(all, caller([], "prod"))).toBe("outside_connection");
  expect(outcome(all, caller([], "staging"))).toBe("no_connection");
});

test("several connections that fit are ambiguous, and only usable ones are named", () => {
  const all = [connection("one"), connection("two"), connection("hidden", { groups: ["sre"] })];
  const choice = chooseConnection(all, caller([]), wanted);
  expect(choice).toMatchObject({ kind: "refused", code: "ambiguous_connection" });
  expect(JSON.stringify(choice)).not.toContain("hidden");
  expect(outcome(all, caller([], "two"))).toBe("two");
});

test("a project or host outside of the fence is refused", () => {
  const all = [connection("prod", { projects: ["web-1"], hosts: ["run.googleapis.com"] })];
  expect(outcome(all, caller([]))).toBe("prod");
  expect(outcome(all, caller([]), { service: "run.googleapis.com", project: "web-2" })).toBe(
    "outside_connection",
  );
  expect(outcome(all, caller([]), { service: "storage.googleapis.com", project: "web-1" })).toBe(
    "outside_connection",
  );
});

test("a call that names no project is outside of a connection that fences projects", () => {
  const none = { service: "run.googleapis.com", project: undefined };
  expect(outcome([connection("prod", { projects: ["web-1"] })], caller([]), none)).toBe("outside_connection");
  expect(outcome([connection("prod")], caller([]), none)).toBe("prod");
});

test("of several connections the only one that fits is chosen", () => {
  const all = [
    connection("prod", { projects: ["prod-1"] }),
    connection("dev", { projects: ["web-1"], groups: ["engineering"] }),
    connection("sre", { groups: ["sre"] }),
  ];
  expect(outcome(all, caller(["engineering"]))).toBe("dev");
});
