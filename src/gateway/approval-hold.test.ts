import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import {
  bench,
  type ClientAnswer,
  type DataPlaneUnderTest,
  decision,
  errorOf,
  host,
  readUntil,
  type Setting,
} from "../../test/fakes/data-plane-under-test.ts";
import { callerOf } from "../../test/fakes/listed-authenticator.ts";

async function asking(setting?: Setting): Promise<DataPlaneUnderTest> {
  const made = await bench(setting);
  made.decide(() => decision("require_approval"));
  return made;
}

const target = "/storage/v1/b/logs";
const gcloud = "google-cloud-sdk gcloud/528.0.0 command/gcloud.storage.buckets.delete";
const remove = (under: DataPlaneUnderTest, more: Record<string, string> = {}): Promise<ClientAnswer> =>
  under.send({ method: "DELETE", target, headers: { "user-agent": gcloud, ...more } });

const reasonOf = (answer: ClientAnswer): string => errorOf(answer).reason;

test("a call that nobody decides is answered in Google's shape, word for word, and nothing is executed", async () => {
  const under = await asking();
  const answering = remove(under, { "user-agent": "something/1.0" });
  await under.desk.someoneWaits();
  under.desk.elapse();
  const answer = await answering;
  expect(answer.status).toBe(403);
  expect(answer.headers["retry-after"]).toBeUndefined();
  const url = "https://gatehouse.example.com/a/apr_1";
  expect(JSON.parse(answer.text.replace(/exc_[0-9a-f]{32}/g, "exc_"))).toEqual({
    error: {
      code: 403,
      status: "PERMISSION_DENIED",
      message: [
        `NOT EXECUTED - waiting for human approval (apr_1). Nothing has changed in Google Cloud. Review: ${url} (expires 14:35 UTC)`,
        "Action: storage.buckets.delete b/logs",
        "Next step: run `gatehouse wait apr_1` once; it blocks until a decision. Exit 0 = approved: re-run the SAME command unchanged. 3 = denied, 4 = expired, 75 = still waiting.",
        "If still waiting: stop and tell the user the id. You cannot approve this yourself. Any other tool, credential or API for this action gets the same answer. Unrelated work may continue.",
      ].join("\n"),
      errors: [
        {
          message: `NOT EXECUTED - waiting for human approval (apr_1). Nothing has changed in Google Cloud. Review: ${url} (expires 14:35 UTC)`,
          domain: "gatehouse",
          reason: "approvalPending",
        },
      ],
      details: [
        {
          "@type": "type.googleapis.com/google.rpc.ErrorInfo",
          reason: "APPROVAL_PENDING",
          domain: "gatehouse",
          metadata: {
            exchange_id: "exc_",
            executed: "false",
            operation: "storage.buckets.delete",
            approval_id: "apr_1",
            approval_url: url,
            retry: "same_request_after_approval",
          },
        },
        {
          "@type": "type.googleapis.com/google.rpc.LocalizedMessage",
          locale: "en-US",
          message: "Waiting for approval by sre",
        },
        {
          "@type": "type.googleapis.com/google.rpc.Help",
          links: [{ description: "Review this request", url }],
        },
        { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "15s" },
      ],
    },
  });
  expect(under.upstream.requests).toHaveLength(0);
  expect(under.audit.entries).toMatchObject([
    { kind: "exchange.refused", approvalId: "apr_1", decision: "approval_pending" },
  ]);
});

test.each([
  ["denied", "APPROVAL_DENIED"],
  ["expired", "APPROVAL_EXPIRED"],
  ["lapsed", "APPROVAL_EXPIRED"],
  ["cancelled", "APPROVAL_EXPIRED"],
  ["executed", "APPROVAL_USED"],
  ["unknown", "APPROVAL_USED"],
] as const)("a call whose approval is %s is refused", async (state, reason) => {
  const under = await asking();
  const answering = remove(under);
  under.desk.move(await under.desk.someoneWaits(), state);
  const answer = await answering;
  expect(answer.status).toBe(403);
  expect(reasonOf(answer)).toBe(reason);
  expect(under.upstream.requests).toHaveLength(0);
});

test("a denial's reason reaches the agent as one bounded line", async () => {
  const under = await asking();
  const answering = remove(under);
  const approver = callerOf("ses_9", "approver").principal;
  const reason = `not\r\non a Friday\u202e ${"x".repeat(2000)}`;
  under.desk.move(await under.desk.someoneWaits(), "denied", {
    votes: [{ approver, verdict: "deny", reason, at: new Date(0) }],
  });
  const { message } = errorOf(await answering);
  const line = message.split("\n").find((text) => text.startsWith("Reason: "));
  expect(line).toMatch(/^Reason: not on a Friday {2}x+$/);
  expect(line?.length).toBeLessThan(520);
});

test("a call that is approved while the client waits is executed once and answered", async () => {
  const under = await asking();
  const answering = remove(under);
  under.desk.move(await under.desk.someoneWaits(), "approved");
  expect((await answering).status).toBe(200);
  expect(under.upstream.requests).toHaveLength(1);
  expect(under.desk.settled).toEqual([{ id: "apr_1", outcome: "executed" }]);
  expect(under.audit.entries).toMatchObject([
    { kind: "exchange.intent", approvalId: "apr_1", decision: "require_approval" },
    { kind: "exchange.outcome", approvalId: "apr_1" },
  ]);
});

test("of many copies that wait for one approval exactly one executes", async () => {
  const under = await asking();
  const answers = Array.from({ length: 20 }, () => remove(under));
  while (under.desk.waits.length < 20) await new Promise(setImmediate);
  under.desk.move("apr_1", "approved");
  const done = await Promise.all(answers);
  expect(done.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(done.filter((answer) => answer.status !== 200).map(reasonOf)).toEqual(
    Array.from({ length: 19 }, () => "APPROVAL_USED"),
  );
  expect(under.upstream.requests).toHaveLength(1);
  expect(under.desk.requests.size).toBe(1);
});

test("the bytes that run are the bytes that were reviewed, whatever the client sends when it comes back", async () => {
  const under = await asking({
    ports: {
      approvalKeys: { fingerprint: (_request, body) => String(body), matchKey: () => "the same call" },
    },
  });
  const post = (body: string, extra = ""): Promise<ClientAnswer> =>
    under.send({
      method: "POST",
      target: `/storage/v1/b?project=p${extra}`,
      body,
      headers: { "user-agent": "x" },
    });
  const first = post('{"name":"reviewed"}');
  await under.desk.someoneWaits();
  under.desk.elapse();
  expect(reasonOf(await first)).toBe("APPROVAL_PENDING");
  under.desk.move("apr_1", "approved");
  expect((await post('{"name":"swapped"}', "&x=1")).status).toBe(200);
  const [sent] = under.upstream.requests;
  expect(sent?.target).toBe("/storage/v1/b?project=p");
  expect(sent?.body.toString()).toBe('{"name":"reviewed"}');
});

test("an approval does not outlive a policy that now denies the call", async () => {
  const under = await asking();
  const answering = remove(under);
  const id = await under.desk.someoneWaits();
  under.decide(() => decision("deny"));
  under.desk.move(id, "approved");
  expect(reasonOf(await answering)).toBe("POLICY_DENIED");
  expect(under.upstream.requests).toHaveLength(0);
  expect(under.desk.requests.get(id)?.state).toBe("approved");
});

test("an approval given under other policies than now is worth nothing: they may ask more people", async () => {
  const under = await asking();
  const answering = remove(under);
  const id = await under.desk.someoneWaits();
  under.decide(() => decision("require_approval", { policyVersion: "policy-2" }));
  under.desk.move(id, "approved");
  expect(reasonOf(await answering)).toBe("APPROVAL_EXPIRED");
  expect(under.upstream.requests).toHaveLength(0);
  expect(under.desk.requests.get(id)?.state).toBe("approved");
});

test("an approval given by day does not run a call at an hour at which the same policies ask more people", async () => {
  const under = await asking();
  const answering = remove(under);
  const id = await under.desk.someoneWaits();
  const [byDay] = decision("require_approval").approvals;
  const byNight = { rule: "night", groups: ["security"], approvals: 2 };
  under.decide(() =>
    decision("require_approval", { approvals: byDay === undefined ? [] : [byDay, { ...byDay, ...byNight }] }),
  );
  under.desk.move(id, "approved");
  const answer = await answering;
  expect(reasonOf(answer)).toBe("APPROVAL_EXPIRED");
  expect(errorOf(answer).message).toContain("Reason: the policies ask for other approvals now");
  expect(under.upstream.requests).toHaveLength(0);
});

test("an approval by more people than the policies ask for at the hour of the call is enough", async () => {
  const under = await asking();
  const [one] = decision("require_approval").approvals;
  const approvals = one === undefined ? [] : [one, { ...one, rule: "night", groups: ["security"] }];
  under.decide(() => decision("require_approval", { approvals }));
  const answering = remove(under);
  const id = await under.desk.someoneWaits();
  under.decide(() => decision("require_approval"));
  under.desk.move(id, "approved");
  expect((await answering).status).toBe(200);
});

test("an approval given for a connection that is another one now is worth nothing, and the agent reads why", async () => {
  const under = await asking();
  const answering = remove(under);
  const id = await under.desk.someoneWaits();
  under.connection.redefine();
  under.desk.move(id, "approved");
  const answer = await answering;
  expect(reasonOf(answer)).toBe("APPROVAL_EXPIRED");
  expect(errorOf(answer).message).toContain(
    "Reason: its connection was changed or removed since it was asked",
  );
  expect(under.upstream.requests).toHaveLength(0);
  expect(under.desk.requests.get(id)?.state).toBe("approved");
});

test("a call whose session lost its role while people thought is not run, and the approval is not spent", async () => {
  const under = await asking();
  const answering = remove(under);
  const id = await under.desk.someoneWaits();
  under.authenticator.set("token-1", "not_permitted");
  under.desk.move(id, "approved");
  expect((await answering).status).not.toBe(200);
  expect(under.upstream.requests).toHaveLength(0);
  expect(under.desk.requests.get(id)?.state).toBe("approved");
});

test("a call whose connection is redefined after it was decided, and before it leaves, is not sent through the other one", async () => {
  const under = await asking();
  under.audit.on("exchange.intent", async () => under.connection.redefine());
  const answering = remove(under);
  under.desk.move(await under.desk.someoneWaits(), "approved");
  expect(reasonOf(await answering)).toBe("CREDENTIAL_UNAVAILABLE");
  expect(under.upstream.requests).toHaveLength(0);
});

test("bodies sent for review all at once cannot fill the memory, and once they broke off there is room again", async () => {
  const under = await asking();
  const chunked = `POST /storage/v1/generateUploadUrl HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n`;
  const beginBody = async (): Promise<{ text: string; drop: () => void }> => {
    const socket = await under.tunnel();
    socket.write(chunked);
    return {
      text: await readUntil(socket, (text) => text.includes("\r\n\r\n")),
      drop: () => socket.destroy(),
    };
  };
  const begun = [];
  for (let size = 0; size < limits.reviewedBytesTotalMax; size += limits.heldBodyBytesMax) {
    begun.push(await beginBody());
  }
  expect(begun.every(({ text }) => text.startsWith("HTTP/1.1 100 "))).toBe(true);
  expect(
    reasonOf(await under.send({ method: "POST", target: "/storage/v1/generateUploadUrl", body: "{}" })),
  ).toBe("TOO_MANY_APPROVALS");
  for (const { drop } of begun) drop();
  while (under.audit.entries.length <= begun.length) await new Promise(setImmediate);
  expect((await beginBody()).text).toMatch(/^HTTP\/1\.1 100 /);
});

test("a client that has gone is not executed for; the approval waits for its return", async () => {
  const under = await asking();
  const socket = await under.tunnel();
  socket.write(`DELETE ${target} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: ${gcloud}\r\n\r\n`);
  const id = await under.desk.someoneWaits();
  socket.destroy();
  while (under.audit.entries.length === 0) await new Promise(setImmediate);
  expect(under.audit.entries).toMatchObject([
    { kind: "exchange.refused", decision: "client_gone", approvalId: id },
  ]);
  under.desk.move(id, "approved");
  expect(under.upstream.requests).toHaveLength(0);
  expect((await remove(under)).status).toBe(200);
  expect(under.upstream.requests).toHaveLength(1);
  expect(under.desk.requests.size).toBe(1);
});

test("a claimed call whose intent cannot be recorded is not sent, and its approval is spent", async () => {
  const under = await asking();
  under.audit.on("exchange.intent", async () => {
    throw new Error("disk full");
  });
  const answering = remove(under);
  under.desk.move(await under.desk.someoneWaits(), "approved");
  expect((await answering).status).toBe(503);
  expect(under.upstream.requests).toHaveLength(0);
  expect(under.desk.settled).toEqual([{ id: "apr_1", outcome: "unknown" }]);
});

test("an approved call whose upstream breaks off is settled as unknown, never run again", async () => {
  const under = await asking({ script: (_request, socket) => socket.destroy() });
  const answering = remove(under);
  under.desk.move(await under.desk.someoneWaits(), "approved");
  expect((await answering).status).toBe(502);
  expect(under.desk.settled).toEqual([{ id: "apr_1", outcome: "unknown" }]);
  expect(under.upstream.requests).toHaveLength(1);
});

test("a body too large to be reviewed is refused before it is read", async () => {
  const under = await asking();
  const socket = await under.tunnel();
  const upload = "/upload/storage/v1/b/logs/o?uploadType=media";
  socket.write(
    `POST ${upload} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${limits.heldBodyBytesMax + 1}\r\n\r\n`,
  );
  const reply = await readUntil(socket, (text) => text.includes('"APPROVAL_BODY_TOO_LARGE"'));
  expect(reply).toMatch(/^HTTP\/1\.1 403 /);
  expect(under.desk.requests.size).toBe(0);
});

test("a session that asks for too many approvals is told so", async () => {
  const under = await asking();
  under.desk.isFull = true;
  expect(reasonOf(await remove(under))).toBe("TOO_MANY_APPROVALS");
  expect(under.upstream.requests).toHaveLength(0);
});

test("the client's own token is not among the held bytes, and secrets are not in what approvers see", async () => {
  const under = await asking();
  const answering = under.send({
    method: "POST",
    target: "/storage/v1/b",
    headers: { authorization: "Bearer token-1", "content-type": "application/json", "user-agent": "x" },
    body: '{"name":"logs","password":"correct-horse-battery"}',
  });
  await under.desk.someoneWaits();
  under.desk.elapse();
  await answering;
  const asked = under.desk.requests.get("apr_1");
  expect(asked?.preview).toMatch(
    /^POST https:\/\/storage\.googleapis\.com\/storage\/v1\/b\n\n\{"name":"logs"/,
  );
  expect(asked?.preview).not.toContain("correct-horse");
  expect(asked?.preview).not.toContain("token-1");
});

test("a gcloud call is kept waiting with 100 every two minutes for half an hour", async () => {
  const under = await asking();
  const answering = remove(under);
  for (let slice = 0; slice < 15; slice += 1) {
    await under.desk.someoneWaits();
    under.desk.elapse();
  }
  const answer = await answering;
  expect(under.desk.waits.map(({ timeoutMs }) => timeoutMs)).toEqual(
    Array.from({ length: 15 }, () => 120_000),
  );
  // One after each slice but the last, which is followed by the answer.
  expect(answer.interim.filter((status) => status === 100)).toHaveLength(14);
  expect(reasonOf(answer)).toBe("APPROVAL_PENDING");
});

test("Node's fetch is kept waiting with 103, since 100 would end it", async () => {
  const under = await asking();
  const answering = remove(under, { "user-agent": "node" });
  for (let slice = 0; slice < 5; slice += 1) {
    await under.desk.someoneWaits();
    under.desk.elapse();
  }
  expect((await answering).interim).toEqual([103, 103, 103, 103]);
});

test("a stopping server tells those who wait that they still wait, records it and executes nothing", async () => {
  const under = await asking();
  const answering = remove(under);
  await under.desk.someoneWaits();
  await under.plane.close({ graceMs: 10_000 });
  expect(errorOf(await answering).details[0]).toMatchObject({ reason: "APPROVAL_PENDING" });
  expect(under.audit.entries).toMatchObject([{ kind: "exchange.refused", decision: "approval_pending" }]);
  expect(under.upstream.requests).toHaveLength(0);
});
