import { expect, test } from "vitest";
import type { ApprovalRequest, ApprovalStore, Vote, VoteStep } from "#approvals";
import type { Principal } from "#identity";

const at = (time: string): Date => new Date(`2026-11-24T${time}:00.000Z`);
const person = (id: string, email: string | undefined = `${id}@example.com`): Principal => {
  return { id, issuer: "https://idp.example.com", subject: id, email, groups: ["sre", 'with "quotes"'] };
};

export function requestOf(id: string, changes: Partial<ApprovalRequest> = {}): ApprovalRequest {
  return {
    id,
    state: "pending",
    fingerprint: `fingerprint of ${id}`,
    matchKey: `match key of ${id}`,
    exchangeId: "exc_1",
    sessionId: "ses_1",
    requester: person("developer"),
    agent: "cursor",
    connection: "prod",
    connectionVersion: "c1",
    operationId: "storage.buckets.delete",
    operationClass: "destructive",
    resourceName: "b/'; DROP TABLE approval_request; --",
    preview: "DELETE https://storage.googleapis.com/…",
    requirements: [
      {
        policy: "main",
        rule: "destroy",
        groups: ["sre"],
        approvals: 1,
        each: 0,
        decideWithinMs: 3_600_000,
        executeWithinMs: 600_000,
      },
    ],
    policyVersion: "v1",
    votes: [],
    createdAt: at("12:00"),
    decideBy: at("13:00"),
    executeBy: undefined,
    isRecorded: false,
    withdrawnBecause: undefined,
    ...changes,
  };
}

export const caps = { pendingPerSession: 3, openTotal: 5, sealedBytesTotal: 1_000 };
const sealed = new Uint8Array([0, 1, 2, 255]);
const approve = (id: string): Vote => ({
  approver: person(id),
  verdict: "approve",
  reason: undefined,
  at: at("12:10"),
});
const approved: VoteStep = { votesSeen: 0, state: "approved", executeBy: at("12:20") };

async function inserted(store: ApprovalStore, id: string, changes?: Partial<ApprovalRequest>): Promise<void> {
  expect(await store.insert(requestOf(id, changes), sealed, caps)).toBe("inserted");
}

async function claimable(store: ApprovalStore, id = "apr_1"): Promise<void> {
  await inserted(store, id);
  expect(await store.addVote(id, approve("approver"), approved)).toBe(true);
  await store.markRecorded(id, "approved");
}

const claim = (store: ApprovalStore, time = "12:15", fingerprint = "fingerprint of apr_1") =>
  store.claim("apr_1", fingerprint, at(time));
const stateOf = async (store: ApprovalStore, id = "apr_1") => (await store.find(id))?.state;

/** What the approvals module needs of any store of approval requests. */
export function approvalStoreContract(name: string, open: () => Promise<ApprovalStore>): void {
  const contract = (sentence: string, check: (store: ApprovalStore) => Promise<void>): void => {
    test(`${name}: ${sentence}`, async () => check(await open()));
  };

  contract("what was never asked is not found and not claimed", async (store) => {
    expect(await store.find("apr_1")).toBeUndefined();
    expect(await claim(store)).toBeUndefined();
    expect(await store.settle("apr_1", "executed")).toBe(false);
    expect(await store.cancel("apr_1", "session_stopped")).toBe(false);
    expect(await store.nextDeadline()).toBeUndefined();
  });

  contract("a pending request is not claimed", async (store) => {
    await inserted(store, "apr_1", { isRecorded: true });
    expect(await claim(store)).toBeUndefined();
    expect(await stateOf(store)).toBe("pending");
  });

  contract("an approval whose decision is not on record is not claimed", async (store) => {
    await inserted(store, "apr_1");
    await store.addVote("apr_1", approve("approver"), approved);
    expect(await claim(store)).toBeUndefined();
    await store.markRecorded("apr_1", "pending");
    expect(await claim(store)).toBeUndefined();
    await store.markRecorded("apr_1", "approved");
    expect(await claim(store)).toEqual(sealed);
  });

  contract("an approval is not claimed for another fingerprint", async (store) => {
    await claimable(store);
    expect(await claim(store, "12:15", "fingerprint of apr_2")).toBeUndefined();
    expect(await stateOf(store)).toBe("approved");
  });

  contract("an approval is not claimed from the moment its time to execute is up", async (store) => {
    await claimable(store);
    expect(await claim(store, "12:20")).toBeUndefined();
    expect(await claim(store, "12:19")).toEqual(sealed);
  });

  contract("a hundred claims of one approval at once: exactly one wins", async (store) => {
    await claimable(store);
    const claims = await Promise.all(Array.from({ length: 100 }, () => claim(store)));
    expect(claims.filter((bytes) => bytes !== undefined)).toEqual([sealed]);
    expect(await stateOf(store)).toBe("executing");
  });

  contract("an approval that ran is never claimed again", async (store) => {
    await claimable(store);
    await claim(store);
    expect(await store.settle("apr_1", "executed")).toBe(true);
    expect(await claim(store)).toBeUndefined();
    expect(await store.settle("apr_1", "unknown")).toBe(false);
    expect(await stateOf(store)).toBe("executed");
  });

  contract("the same call never waits twice while it is open", async (store) => {
    await inserted(store, "apr_1");
    const again = requestOf("apr_2", { matchKey: "match key of apr_1" });
    expect(await store.insert(again, sealed, caps)).toBe("exists");
    await store.addVote("apr_1", approve("approver"), approved);
    expect(await store.insert(again, sealed, caps)).toBe("exists");
    await store.cancel("apr_1", "session_stopped");
    expect(await store.insert(again, sealed, caps)).toBe("inserted");
  });

  contract("of ten calls with one match key arriving together, one is inserted", async (store) => {
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        store.insert(requestOf(`apr_${n}`, { matchKey: "one" }), sealed, caps),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === "inserted")).toHaveLength(1);
  });

  contract(
    "a session cannot have more pending requests than the cap, however fast they come",
    async (store) => {
      const outcomes = await Promise.all(
        Array.from({ length: 5 }, (_, n) => store.insert(requestOf(`apr_${n}`), sealed, caps)),
      );
      expect(outcomes.filter((outcome) => outcome === "too_many")).toHaveLength(2);
      await inserted(store, "apr_other", { sessionId: "ses_2" });
    },
  );

  contract("all sessions together cannot have more open requests than the cap", async (store) => {
    for (const n of [1, 2, 3, 4, 5]) await inserted(store, `apr_${n}`, { sessionId: `ses_${n}` });
    expect(await store.insert(requestOf("apr_6", { sessionId: "ses_6" }), sealed, caps)).toBe("too_many");
  });

  contract("held bytes cannot fill the disk beyond the cap", async (store) => {
    const large = new Uint8Array(998);
    expect(await store.insert(requestOf("apr_1"), large, caps)).toBe("inserted");
    expect(await store.insert(requestOf("apr_2"), sealed, caps)).toBe("too_many");
    await store.cancel("apr_1", "session_stopped");
    expect(await store.insert(requestOf("apr_2"), sealed, caps)).toBe("inserted");
  });

  contract("a request that is withdrawn says why, and what its connection was", async (store) => {
    await inserted(store, "apr_1");
    await store.cancel("apr_1", "connection_changed");
    expect(await store.find("apr_1")).toMatchObject({
      state: "cancelled",
      withdrawnBecause: "connection_changed",
      connectionVersion: "c1",
    });
  });

  contract("a vote weighed with other votes than there are counts for nothing", async (store) => {
    await inserted(store, "apr_1");
    const step: VoteStep = { votesSeen: 0, state: "pending", executeBy: undefined };
    expect(await store.addVote("apr_1", approve("one"), step)).toBe(true);
    expect(await store.addVote("apr_1", approve("two"), step)).toBe(false);
    expect((await store.find("apr_1"))?.votes).toHaveLength(1);
  });

  contract("one person's votes arriving together count once", async (store) => {
    await inserted(store, "apr_1");
    const counted = await Promise.all([
      store.addVote("apr_1", approve("one"), { votesSeen: 0, state: "pending", executeBy: undefined }),
      store.addVote("apr_1", approve("one"), { ...approved, votesSeen: 1 }),
    ]);
    expect(counted).toEqual([true, false]);
    expect(await stateOf(store)).toBe("pending");
  });

  contract("a vote after the time to decide, or on a decided request, counts for nothing", async (store) => {
    await inserted(store, "apr_1");
    expect(await store.addVote("apr_1", { ...approve("one"), at: at("13:00") }, approved)).toBe(false);
    await store.addVote("apr_1", approve("one"), approved);
    expect(await store.addVote("apr_1", approve("two"), { ...approved, votesSeen: 1 })).toBe(false);
  });

  contract("overdue requests expire, overdue approvals lapse, and nothing else moves", async (store) => {
    await claimable(store);
    await inserted(store, "apr_2");
    await inserted(store, "apr_3", { decideBy: at("14:00") });
    expect(await store.nextDeadline()).toEqual(at("12:20"));
    expect(await store.expireOverdue(at("12:19"))).toEqual([]);
    expect([...(await store.expireOverdue(at("13:00")))].sort()).toEqual(["apr_1", "apr_2"]);
    expect([await stateOf(store), await stateOf(store, "apr_2"), await stateOf(store, "apr_3")]).toEqual([
      "lapsed",
      "expired",
      "pending",
    ]);
    expect(await store.nextDeadline()).toEqual(at("14:00"));
    expect((await store.unrecorded()).map(({ id }) => id)).toEqual(["apr_1", "apr_2", "apr_3"]);
  });

  contract("executions left by a crash become unknown and have to be recorded", async (store) => {
    await claimable(store);
    await claim(store);
    expect(await store.unrecorded()).toEqual([]);
    expect(await store.abandonExecuting()).toEqual(["apr_1"]);
    expect((await store.unrecorded()).map(({ state }) => state)).toEqual(["unknown"]);
    expect(await store.abandonExecuting()).toEqual([]);
  });

  contract("a request comes back as it was asked, with its votes in order", async (store) => {
    const request = requestOf("apr_1", { requester: person("x", undefined), isRecorded: true });
    await store.insert(request, sealed, caps);
    expect(await store.find("apr_1")).toEqual(request);
    const first: Vote = { ...approve("one"), reason: 'it\'s "fine"' };
    const second: Vote = {
      approver: person("two", undefined),
      verdict: "deny",
      reason: undefined,
      at: at("12:11"),
    };
    await store.addVote("apr_1", first, { votesSeen: 0, state: "pending", executeBy: undefined });
    expect((await store.find("apr_1"))?.isRecorded).toBe(true);
    await store.addVote("apr_1", second, { votesSeen: 1, state: "denied", executeBy: undefined });
    expect(await store.find("apr_1")).toEqual({
      ...request,
      state: "denied",
      votes: [first, second],
      isRecorded: false,
    });
  });

  contract(
    "a call that is sent again finds its open request, or a recent denial, or nothing",
    async (store) => {
      const key = "match key of apr_1";
      const find = async (deniedAfter = "12:00") => (await store.findByMatchKey(key, at(deniedAfter)))?.id;
      expect(await find()).toBeUndefined();
      await inserted(store, "apr_1");
      expect(await find()).toBe("apr_1");
      await store.addVote("apr_1", { ...approve("one"), verdict: "deny" }, { ...approved, state: "denied" });
      expect(await find("12:09")).toBe("apr_1");
      expect(await find("12:10")).toBeUndefined();
      await inserted(store, "apr_2", { matchKey: key });
      expect(await find("12:09")).toBe("apr_2");
    },
  );

  contract("lists are newest first, filtered and limited", async (store) => {
    await inserted(store, "apr_1", { createdAt: at("12:01") });
    await inserted(store, "apr_2", { createdAt: at("12:02"), requester: person("other") });
    await inserted(store, "apr_3", { createdAt: at("12:03") });
    await store.cancel("apr_3", "connection_changed");
    const ids = async (...query: Parameters<ApprovalStore["list"]>) =>
      (await store.list(...query)).map(({ id }) => id);
    expect(await ids({}, 10)).toEqual(["apr_3", "apr_2", "apr_1"]);
    expect(await ids({}, 2)).toEqual(["apr_3", "apr_2"]);
    expect(await ids({ state: "pending" }, 10)).toEqual(["apr_2", "apr_1"]);
    expect(await ids({ state: "pending", requesterId: "developer" }, 10)).toEqual(["apr_1"]);
  });
}
