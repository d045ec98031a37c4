import { expect, test } from "vitest";
import type { Session, SessionStore } from "#identity";
import { approvalStore, type Database, sessionStore } from "../../src/storage/stores/index.ts";
import { caps, requestOf } from "./approval-store.ts";

const at = (time: string): Date => new Date(`2026-11-24T${time}:00.000Z`);

function sessionOf(id: string, changes: Partial<Session> = {}): Session {
  return {
    id,
    principal: {
      id: "principal-1",
      issuer: "https://issuer.example",
      subject: "subject-1",
      email: "developer@example.com",
      groups: ["engineering", 'with "quotes"'],
    },
    agent: "cursor",
    connection: "prod",
    startedAt: at("09:00"),
    endsAt: at("17:00"),
    stoppedAt: undefined,
    ...changes,
  };
}

const other = { ...sessionOf("x").principal, id: "principal-2", email: undefined, groups: [] };

/** What the identity module needs of any store of sessions. */
export function sessionStoreContract(name: string, open: () => Promise<SessionStore>): void {
  const contract = (sentence: string, check: (store: SessionStore) => Promise<void>): void => {
    test(`${name}: ${sentence}`, async () => check(await open()));
  };

  contract("a session that was never opened is not found", async (store) => {
    expect(await store.find("ses_none")).toBeUndefined();
    expect(await store.list(10)).toEqual([]);
  });

  contract("a session id cannot be used twice", async (store) => {
    await store.insert(sessionOf("ses_1"));
    await expect(store.insert(sessionOf("ses_1", { agent: "impostor" }))).rejects.toThrow();
    expect((await store.find("ses_1"))?.agent).toBe("cursor");
  });

  contract("a session comes back as it was opened", async (store) => {
    const sparse = sessionOf("ses_2", { principal: other, connection: undefined });
    await store.insert(sessionOf("ses_1"));
    await store.insert(sparse);
    expect(await store.find("ses_1")).toEqual(sessionOf("ses_1"));
    expect(await store.find("ses_2")).toEqual(sparse);
  });

  contract("stopping says which sessions were running, once", async (store) => {
    await store.insert(sessionOf("ses_1"));
    expect(await store.stop({ id: "ses_1" }, at("10:00"))).toEqual(["ses_1"]);
    expect(await store.stop({ id: "ses_1" }, at("11:00"))).toEqual([]);
    expect((await store.find("ses_1"))?.stoppedAt).toEqual(at("10:00"));
  });

  contract("a session that was ended says when, once, and a stop changes nothing of that", async (store) => {
    await store.insert(sessionOf("ses_1"));
    await store.insert(sessionOf("ses_2"));
    await store.end("ses_1", at("10:00"));
    await store.end("ses_1", at("11:00"));
    expect(await store.find("ses_1")).toEqual(sessionOf("ses_1", { endedAt: at("10:00") }));
    expect((await store.find("ses_2"))?.endedAt).toBeUndefined();
    expect(await store.stop("all", at("12:00"))).toEqual(["ses_2"]);
    const both = { endedAt: at("10:00"), stoppedAt: at("12:00") };
    expect(await store.find("ses_1")).toEqual(sessionOf("ses_1", both));
  });

  contract("what was stopped, is over or never was is not ended", async (store) => {
    await store.insert(sessionOf("ses_1"));
    await store.insert(sessionOf("ses_2", { endsAt: at("10:00") }));
    await store.stop({ id: "ses_1" }, at("10:00"));
    for (const id of ["ses_1", "ses_2", "ses_none", "' OR TRUE --"]) await store.end(id, at("10:00"));
    expect((await store.list(10)).map(({ endedAt }) => endedAt)).toEqual([undefined, undefined]);
  });

  contract("stopping a machine's sessions leaves other machines' and people's", async (store) => {
    await store.insert(sessionOf("ses_1", { machine: "ci" }));
    await store.insert(sessionOf("ses_2", { machine: "cluster" }));
    await store.insert(sessionOf("ses_3"));
    expect((await store.find("ses_1"))?.machine).toBe("ci");
    expect(await store.stop({ machine: "ci" }, at("10:00"))).toEqual(["ses_1"]);
  });

  contract("whoever is stopped by their address is, however it is written", async (store) => {
    await store.insert(sessionOf("ses_1"));
    expect(await store.stop({ principal: "Developer@Example.COM" }, at("10:00"))).toEqual(["ses_1"]);
  });

  contract("whoever is stopped by their address is, whatever letters it has", async (store) => {
    const of = (email: string | undefined) => ({ principal: { ...other, email, subject: "ÄGIR" } });
    await store.insert(sessionOf("ses_1", of("JÜRGEN@example.com")));
    await store.insert(sessionOf("ses_2", of("jürgen@EXAMPLE.com")));
    await store.insert(sessionOf("ses_3", of("ΣΟΦΙΑ.ÇELİK@example.com")));
    await store.insert(sessionOf("ses_4", of(undefined)));
    const stopped = async (principal: string) => [...(await store.stop({ principal }, at("10:00")))].sort();
    expect(await stopped("Jürgen@example.com")).toEqual(["ses_1", "ses_2"]);
    expect(await stopped("σοφια.çeli̇k@example.com")).toEqual(["ses_3"]);
    // A subject is no address.
    expect(await stopped("ägir")).toEqual([]);
  });

  contract("a session that has ended is not stopped again", async (store) => {
    await store.insert(sessionOf("ses_1", { endsAt: at("10:00") }));
    expect(await store.stop("all", at("10:00"))).toEqual([]);
    expect((await store.find("ses_1"))?.stoppedAt).toBeUndefined();
  });

  contract("stopping a principal leaves others running, and stopping all leaves none", async (store) => {
    await store.insert(sessionOf("ses_1"));
    await store.insert(sessionOf("ses_2"));
    await store.insert(sessionOf("ses_3", { principal: other }));
    expect([...(await store.stop({ principal: "principal-1" }, at("10:00")))].sort()).toEqual([
      "ses_1",
      "ses_2",
    ]);
    expect((await store.find("ses_3"))?.stoppedAt).toBeUndefined();
    expect(await store.stop("all", at("10:00"))).toEqual(["ses_3"]);
  });

  contract("stopping an identity provider stops all of its people, and nobody else's", async (store) => {
    await store.insert(sessionOf("ses_1"));
    await store.insert(sessionOf("ses_2", { principal: { ...other, issuer: "https://issuer.example/" } }));
    expect(await store.stop({ issuer: "https://issuer.example" }, at("10:00"))).toEqual(["ses_1"]);
  });

  contract("a session id full of SQL stops nothing else", async (store) => {
    await store.insert(sessionOf("ses_1"));
    expect(await store.stop({ id: "' OR TRUE --" }, at("10:00"))).toEqual([]);
    expect((await store.find("ses_1"))?.stoppedAt).toBeUndefined();
  });

  contract("sessions are listed newest first, up to a limit", async (store) => {
    for (const hour of ["09", "11", "10"]) {
      await store.insert(sessionOf(`ses_${hour}`, { startedAt: at(`${hour}:00`) }));
    }
    expect((await store.list(2)).map(({ id }) => id)).toEqual(["ses_11", "ses_10"]);
    await store.insert(sessionOf("ses_12", { principal: other, startedAt: at("12:00") }));
    expect((await store.list(2, "principal-1")).map(({ id }) => id)).toEqual(["ses_11", "ses_10"]);
    expect(await store.list(2, "' OR TRUE --")).toEqual([]);
  });
}

/** What the store of sessions sees of approval requests in the same database. */
export function askingSessionsContract(name: string, open: () => Promise<Database>): void {
  test(`${name}: a stop hits an ended session as long as something that it asked for can still happen`, async () => {
    const database = await open();
    const [sessions, approvals] = [sessionStore(database), approvalStore(database)];
    const states = ["pending", "approved", "cancelled", "executing"] as const;
    for (const state of states) {
      const id = `ses_${state}`;
      await sessions.insert(sessionOf(id));
      const asked = requestOf(`apr_${state}`, { sessionId: id });
      expect(await approvals.insert(asked, new Uint8Array([1]), caps)).toBe("inserted");
      await sessions.end(id, at("12:05"));
    }
    for (const state of ["approved", "executing"]) {
      const step = { votesSeen: 0, state: "approved", executeBy: at("12:20") } as const;
      const approver = { ...other, groups: ["sre"] };
      const vote = { approver, verdict: "approve", reason: undefined, at: at("12:10") } as const;
      expect(await approvals.addVote(`apr_${state}`, vote, step)).toBe(true);
      await approvals.markRecorded(`apr_${state}`, "approved");
    }
    expect(await approvals.cancel("apr_cancelled", "policies_changed")).toBe(true);
    const claimed = await approvals.claim("apr_executing", "fingerprint of apr_executing", at("12:12"));
    expect(claimed).toBeDefined();
    expect([...(await sessions.stop("all", at("12:15")))].sort()).toEqual(["ses_approved", "ses_pending"]);
  });
}
