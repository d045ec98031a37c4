import { expect, test } from "vitest";
import type { ApprovalRequest, ApprovalStore } from "#approvals";
import type { EntryRow } from "#audit";
import type { CustodyRequest, Hold, HoldQuery, HoldScope } from "#custody";
import { hashLeaf } from "#tlog";
import {
  approvalStore,
  auditStore,
  custodyStore,
  type Database,
  sessionStore,
} from "../../src/storage/stores/index.ts";
import { pendingRequest } from "../fakes/control-plane-under-test.ts";
import { person } from "../fakes/custody-under-test.ts";

const at = new Date("2026-11-24T12:00:00.000Z");
const auditor = person("auditor");

interface Members {
  readonly kind: string;
  readonly session?: string;
  readonly key?: string;
  readonly class?: string;
  readonly operation?: string;
  readonly t?: string;
}

function row(members: Members, detail?: string, about: EntryRow["about"] = {}): EntryRow {
  const leaf = Buffer.from(JSON.stringify(members));
  const attachments = detail === undefined ? [] : [{ role: "detail", bytes: Buffer.from(detail) }];
  return { leaf, leafHash: hashLeaf(leaf), attachments, keyId: members.key, about };
}

function hold(id: string, scope: HoldScope): Hold {
  return { id, scope, reason: "lawsuit", setBy: { ...auditor, groups: [] }, setAt: at };
}

function request(id: string, subject: string, act: CustodyRequest["act"] = "erase"): CustodyRequest {
  const requestedBy = { ...auditor, groups: [] };
  return { id, act, subject, reason: "asked for", requestedBy, requestedAt: at, isConfirmed: false };
}

const shredRow = (session: string): EntryRow => row({ kind: "key.shred", session, key: "2026-11-24" }, "why");

async function denied(store: ApprovalStore, request: ApprovalRequest): Promise<void> {
  const room = { pendingPerSession: 5, openTotal: 5, sealedBytesTotal: 100 };
  await store.insert(request, Buffer.of(1), room);
  const vote = { approver: auditor, verdict: "deny", reason: "canary: no more of b/canary", at } as const;
  const step = { votesSeen: 0, state: "denied", executeBy: undefined } as const;
  expect(await store.addVote(request.id, vote, step)).toBe(true);
}

/** Everything a contract needs, over one database with a log in it. */
async function opened(open: () => Promise<Database>) {
  const database = await open();
  const [audit, custody] = [auditStore(database), custodyStore(database)];
  await audit.create("a.example/log");
  const session = async (id: string, changes: Partial<Members> = {}, about: EntryRow["about"] = {}) => {
    await audit.keepDataKey({
      keyId: id,
      scope: "session",
      wrapped: Buffer.alloc(60, 1),
      by: "file",
      at,
    });
    const members = { kind: "exchange.intent", session: id, key: id, t: at.toISOString(), ...changes };
    await audit.append(row(members, `sealed of ${id}`, about));
  };
  return { database, audit, custody, session };
}

/** What custody needs of any store. */
export function custodyStoreContract(name: string, open: () => Promise<Database>): void {
  const contract = (
    sentence: string,
    check: (parts: Awaited<ReturnType<typeof opened>>) => Promise<void>,
  ): void => {
    test(`${name}: ${sentence}`, async () => check(await opened(open)));
  };

  contract("a session under a hold is not erased, and nothing of the try is left", async (parts) => {
    const { audit, custody, session } = parts;
    await session("ses_1");
    await custody.insertHold(row({ kind: "hold.set" }), hold("hld_1", { sessionId: "ses_1" }));
    const size = (await audit.head())?.size;
    expect(await custody.shred(shredRow("ses_1"), { sessionId: "ses_1", at })).toEqual({
      kind: "declined",
      why: "held",
    });
    expect((await audit.head())?.size).toBe(size);
    expect(await audit.dataKey("ses_1")).toMatchObject({ kind: "wrapped" });
    expect(await custody.isErased("ses_1")).toBe(false);
  });

  contract("a hold on a query holds the sessions it finds, those to come included", async (parts) => {
    const { custody, session } = parts;
    const about = { principal: "dev@example.com", agent: "cursor", resource: "b/o" };
    const said = { operation: "storage.objects.get", class: "read" };
    await session("ses_1", said, about);
    const queries: readonly [HoldQuery, boolean][] = [
      [{ principal: "dev@example.com" }, true],
      [{ principal: "other@example.com" }, false],
      [{ ...about, ...said }, true],
      [{ ...about, class: "write" }, false],
      [{ ...about, operation: "storage.objects.list" }, false],
      [{ agent: "codex" }, false],
      [{ resource: "b/o" }, true],
      [{ from: at.toISOString() }, true],
      [{ to: at.toISOString() }, false],
      [{ from: "2026-11-25T00:00:00.000Z" }, false],
    ];
    for (const [n, [query, isHeld]] of queries.entries()) {
      const id = `hld_${n}`;
      await custody.insertHold(row({ kind: "hold.set" }), hold(id, { query }));
      expect(await custody.isHeld("ses_1"), JSON.stringify(query)).toBe(isHeld);
      await custody.insertRequest(row({ kind: "r" }), request(`req_${n}`, id, "release"));
      const confirmation = { requestId: `req_${n}`, confirmedBy: person("second"), at };
      await custody.release(row({ kind: "hold.release" }), id, confirmation);
    }
    await custody.insertHold(
      row({ kind: "hold.set" }),
      hold("hld_new", { query: { principal: "new@example.com" } }),
    );
    expect(await custody.isHeld("ses_2")).toBe(false);
    await session("ses_2", {}, { principal: "new@example.com" });
    expect(await custody.isHeld("ses_2")).toBe(true);
    expect(await custody.shred(shredRow("ses_2"), { sessionId: "ses_2", at })).toMatchObject({ why: "held" });
  });

  contract(
    "a hold holds whatever a search for the same finds, names too long to be kept whole included",
    async (parts) => {
      const { audit, custody, session } = parts;
      const long = (first: string): string => `${first}${"x".repeat(700)}`;
      const names: readonly HoldQuery[] = [
        { resource: long("b/") },
        { resource: `b/${"\u{1F511}".repeat(650)}` },
        { resource: "b/cut\0short" },
        { principal: long("dev@") },
        { agent: long("agent-") },
      ];
      for (const [n, { principal, agent, resource }] of names.entries()) {
        const [id, filter] = [`ses_${n}`, { principal, agent, resource }];
        await session(
          id,
          {},
          { ...(principal && { principal }), ...(agent && { agent }), ...(resource && { resource }) },
        );
        expect((await audit.findEntries({ filter, limit: 10 })).entries).toMatchObject([{ index: 2 * n }]);
        await custody.insertHold(row({ kind: "hold.set" }), hold(`hld_${n}`, { query: filter }));
        expect(await custody.isHeld(id), JSON.stringify(filter).slice(0, 40)).toBe(true);
        expect(await custody.shred(shredRow(id), { sessionId: id, at })).toMatchObject({ why: "held" });
      }
      await session("ses_free", {}, { resource: "b/other" });
      expect(await custody.isHeld("ses_free")).toBe(false);
    },
  );

  contract(
    "an entry that names nobody is found and held by its session's person, whatever letters the address has",
    async (parts) => {
      const { audit, custody, database, session } = parts;
      const rest = {
        startedAt: at,
        endsAt: at,
        agent: "cursor",
        connection: undefined,
        stoppedAt: undefined,
      };
      const principal = person("dev", "JÜRGEN@Example.com");
      await sessionStore(database).insert({ id: "ses_1", principal, ...rest });
      await session("ses_1");
      const filter = { principal: "jürgen@example.com" };
      expect((await audit.findEntries({ filter, limit: 10 })).entries).toMatchObject([
        { index: 0, about: filter },
      ]);
      await custody.insertHold(row({ kind: "hold.set" }), hold("hld_1", { query: filter }));
      expect(await custody.isHeld("ses_1")).toBe(true);
    },
  );

  contract("an erased session is erased once, and takes nothing more", async (parts) => {
    const { audit, custody, session } = parts;
    await session("ses_1");
    await custody.insertRequest(row({ kind: "r" }), request("req_1", "ses_1"));
    const confirmation = { requestId: "req_1", confirmedBy: person("second"), at };
    const shredding = { sessionId: "ses_1", at, confirmation };
    expect(await custody.shred(shredRow("ses_1"), shredding)).toMatchObject({ kind: "stored" });
    expect(await audit.dataKey("ses_1")).toEqual({ kind: "erased" });
    expect(await custody.findRequest("req_1")).toMatchObject({ isConfirmed: true });
    expect(await custody.shred(shredRow("ses_1"), shredding)).toEqual({ kind: "declined", why: "erased" });
    const late = row({ kind: "exchange.outcome", session: "ses_1", key: "ses_1" }, "late");
    expect(await audit.append(late)).toEqual({ kind: "declined", why: "key_erased" });
    const again = await audit.keepDataKey({
      keyId: "ses_1",
      scope: "session",
      wrapped: Buffer.alloc(60, 2),
      by: "file",
      at,
    });
    expect(again).toEqual({ kind: "erased" });
  });

  contract("a request is confirmed once, and not for two erasures at once", async (parts) => {
    const { custody, session } = parts;
    await session("ses_1");
    await session("ses_2");
    await custody.insertRequest(row({ kind: "r" }), request("req_1", "ses_1"));
    const confirmation = { requestId: "req_1", confirmedBy: person("second"), at };
    const outcomes = await Promise.all(
      ["ses_1", "ses_2"].map((sessionId) =>
        custody.shred(shredRow(sessionId), { sessionId, at, confirmation }),
      ),
    );
    expect(outcomes).toMatchObject([{ kind: "stored" }, { kind: "declined", why: "not_open" }]);
    expect(await custody.isErased("ses_2")).toBe(false);
  });

  contract("the sweep takes what the key sealed and the names, and nothing of others", async (parts) => {
    const { audit, custody, session } = parts;
    for (let n = 0; n < 40; n += 1) await session("ses_1", {}, { resource: `b/${n}` });
    await session("ses_2", {}, { resource: "b/other" });
    await custody.shred(shredRow("ses_1"), { sessionId: "ses_1", at });
    expect(await custody.unswept(10)).toEqual(["ses_1"]);
    let from: number | undefined = 0;
    for (let steps = 0; from !== undefined; steps += 1) {
      expect(steps).toBeLessThan(10);
      from = await custody.sweep("ses_1", from, at);
    }
    expect(await custody.scrub()).toBe(name.includes("PostgreSQL") ? "vacuum" : "done");
    await custody.markSwept("ses_1", at);
    expect(await custody.unswept(10)).toEqual([]);
    const kept = (await audit.attachments(0, 100)).flatMap(({ bytes }) =>
      bytes === undefined ? [] : [Buffer.from(bytes).toString()],
    );
    expect(kept).toEqual(["sealed of ses_2", "why"]);
    expect(await audit.aboutOf(0)).toEqual({});
    expect(await audit.aboutOf(40)).toEqual({ resource: "b/other" });
  });

  contract("the names that sessions and approval requests keep go with the key", async (parts) => {
    const { custody, database, session } = parts;
    const [sessions, approvals] = [sessionStore(database), approvalStore(database)];
    await session("ses_1");
    const dev = person("dev");
    const rest = { agent: "cursor", connection: undefined, stoppedAt: undefined };
    await sessions.insert({ id: "ses_1", principal: dev, startedAt: at, endsAt: at, ...rest });
    await approvals.insert(pendingRequest({ requester: dev }), Buffer.of(1), {
      pendingPerSession: 5,
      openTotal: 5,
      sealedBytesTotal: 100,
    });
    await custody.shred(shredRow("ses_1"), { sessionId: "ses_1", at });
    const left = JSON.stringify([await sessions.find("ses_1"), await approvals.find("apr_0199")]);
    for (const name of ["dev@example.com", dev.id, "instances/web-3"]) expect(left).not.toContain(name);
    expect(await sessions.find("ses_1")).toMatchObject({ principal: { subject: "erased" }, endsAt: at });
  });

  contract(
    "an erasure takes why people voted, and the agent's name, from what is listed later too",
    async (parts) => {
      const { audit, custody, database, session } = parts;
      const [sessions, approvals] = [sessionStore(database), approvalStore(database)];
      await session("ses_1");
      const rest = { agent: "canary-agent", connection: undefined, stoppedAt: undefined };
      await sessions.insert({ id: "ses_1", principal: person("dev"), startedAt: at, endsAt: at, ...rest });
      await denied(approvals, pendingRequest({ agent: "canary-agent" }));
      const asked = { kind: "erase.requested", session: "ses_1", key: "2026-11-24" };
      await audit.append(row(asked, "who asked", { principal: "auditor@example.com" }));
      expect(await audit.aboutOf(1)).toMatchObject({ agent: "canary-agent" });
      await custody.shred(shredRow("ses_1"), { sessionId: "ses_1", at });
      await audit.append(row({ kind: "approval.denied", session: "ses_1" }));
      const about = await Promise.all([0, 1, 2, 3].map((index) => audit.aboutOf(index)));
      const left = [await sessions.find("ses_1"), await approvals.find("apr_0199"), ...about];
      expect(JSON.stringify(left)).not.toContain("canary");
      expect(left).toMatchObject([
        { agent: "erased" },
        { state: "denied", votes: [{ verdict: "deny" }] },
        {},
        { principal: "auditor@example.com" },
        { agent: "erased" },
        { agent: "erased" },
      ]);
      expect(await database.read("SELECT 1 FROM approval_vote WHERE reason IS NOT NULL")).toEqual([]);
    },
  );

  contract(
    "a vote loses its reason with its session's erasure, and nothing else, and never before",
    async (parts) => {
      const { custody, database, session } = parts;
      await session("ses_1");
      await denied(approvalStore(database), pendingRequest());
      const change = (what: string) =>
        database.write([{ sql: `UPDATE approval_vote SET ${what}`, values: [] }]);
      const refused = { code: "database_statement_refused" };
      await expect(change("reason = NULL")).rejects.toMatchObject(refused);
      await custody.shred(shredRow("ses_1"), { sessionId: "ses_1", at });
      const others = ["reason = 'it was fine'", "verdict = 'approve'", "approver_email = NULL", "at = 1"];
      for (const what of [...others, "reason = NULL, verdict = 'approve'"])
        await expect(change(what), what).rejects.toMatchObject(refused);
      expect((await change("reason = NULL")).kind).toBe("done");
    },
  );

  contract(
    "holds and requests come back as they were made, and holds until they are released",
    async (parts) => {
      const { custody } = parts;
      const query = {
        principal: "a",
        agent: "b",
        resource: "c",
        operation: "d",
        class: "e",
        from: "f",
        to: "g",
      };
      const both = [hold("hld_1", { sessionId: "ses_1" }), hold("hld_2", { query })];
      for (const each of both) await custody.insertHold(row({ kind: "hold.set" }), each);
      expect(await custody.holds(10)).toEqual(both);
      await custody.insertRequest(row({ kind: "r" }), request("req_1", "hld_1", "release"));
      expect(await custody.openRequests(new Date(0), 10)).toEqual([request("req_1", "hld_1", "release")]);
      expect(await custody.openRequests(at, 10)).toEqual([]);
      const confirmation = { requestId: "req_1", confirmedBy: person("second"), at };
      const release = () => custody.release(row({ kind: "hold.release" }), "hld_1", confirmation);
      expect(await release()).toMatchObject({ kind: "stored" });
      expect(await release()).toEqual({ kind: "declined", why: "not_open" });
      expect((await custody.holds(10)).map(({ id }) => id)).toEqual(["hld_2"]);
      expect(await custody.findHold("hld_1")).toBeUndefined();
      expect(await custody.openRequests(new Date(0), 10)).toEqual([]);
    },
  );

  contract(
    "sessions that are over come in the order of their end, without the erased ones",
    async (parts) => {
      const { custody, database, session } = parts;
      const sessions = sessionStore(database);
      for (const [id, end, stopped, ended] of [
        ["ses_1", 3_000, undefined, undefined],
        ["ses_2", 9_000, 1_000, undefined],
        ["ses_3", 2_000, undefined, undefined],
        ["ses_4", 8_000, undefined, undefined],
        // Its agent was done with it before somebody stopped it.
        ["ses_5", 9_000, 4_500, 2_500],
        ["ses_6", 9_000, undefined, 4_000],
      ] as const) {
        await session(id, { class: id === "ses_3" ? "write" : "read" });
        const times = { startedAt: new Date(0), endsAt: new Date(end) };
        const rest = { agent: "cursor", connection: undefined };
        const stoppedAt = stopped === undefined ? undefined : new Date(stopped);
        const endedAt = ended === undefined ? undefined : new Date(ended);
        await sessions.insert({ id, principal: auditor, ...times, ...rest, stoppedAt, endedAt });
      }
      const before = new Date(5_000);
      const [first, ...others] = await custody.endedSessions(before, undefined, 10);
      expect([first, ...others].map((each) => each?.id)).toEqual([
        "ses_2",
        "ses_3",
        "ses_5",
        "ses_1",
        "ses_6",
      ]);
      expect((await custody.endedSessions(before, first, 1)).map(({ id }) => id)).toEqual(["ses_3"]);
      await custody.shred(shredRow("ses_3"), { sessionId: "ses_3", at });
      const left = await custody.endedSessions(before, first, 10);
      expect(left.map(({ id }) => id)).toEqual(["ses_5", "ses_1", "ses_6"]);
      expect(await custody.classesOf("ses_1")).toEqual(["read"]);
    },
  );
}
