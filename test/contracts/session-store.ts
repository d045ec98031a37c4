import { expect, test } from "vitest";
import type { Session, SessionStore } from "#identity";

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
