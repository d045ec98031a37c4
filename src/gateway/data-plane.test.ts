import { expect, test } from "vitest";
import { bench, decision, errorOf, host, readUntil } from "../../test/fakes/data-plane-under-test.ts";
import { callerOf } from "../../test/fakes/listed-authenticator.ts";
import { jsonAnswer } from "../../test/fakes/scripted-upstream.ts";
import { openDataPlane } from "./data-plane.ts";

const target = "/storage/v1/b/logs";

// Who

test.each([
  ["an expired token", "expired", "TOKEN_EXPIRED", 401],
  ["a stopped session", "session_ended", "SESSION_ENDED", 401],
  ["a Google credential", "google_credential", "GOOGLE_CREDENTIAL_REFUSED", 403],
  ["a person without the role", "not_permitted", "ROLE_MISSING", 403],
  ["an identity provider that is down", "provider_unavailable", "IDENTITY_PROVIDER_UNAVAILABLE", 503],
] as const)("%s is refused and said to be", async (_name, code, reason, status) => {
  const under = await bench({ tokens: { other: code } });
  const answer = await under.sendByPrefix({
    target: `/${host}${target}`,
    headers: { authorization: "Bearer other" },
  });
  expect(answer.status).toBe(status);
  expect(errorOf(answer).details[0]).toMatchObject({ reason, domain: "gatehouse" });
  expect(under.upstream.requests).toHaveLength(0);
  expect(under.audit.entries).toMatchObject([{ kind: "auth.refused", decision: code }]);
});

test("a request without any credential is refused", async () => {
  const under = await bench();
  const answer = await under.sendByPrefix({ target: `/${host}${target}` });
  expect(answer.status).toBe(401);
  expect(answer.headers["www-authenticate"]).toBe('Bearer realm="gatehouse"');
  expect(under.upstream.requests).toHaveLength(0);
});

test.each([
  { "x-goog-api-key": "AIzaSyD-canary" },
  { "x-goog-iam-authorization-token": "eyJ" },
  { authorization: "GOOG4-HMAC-SHA256 Credential=GOOG1E/x, Signature=00" },
  { authorization: "AWS4-HMAC-SHA256 Credential=GOOG1E/x, Signature=00" },
])("a Google credential in any header is refused: %j", async (headers) => {
  const under = await bench();
  const answer = await under.send({ target, headers });
  expect(errorOf(answer).reason).toBe("GOOGLE_CREDENTIAL_REFUSED");
  expect(under.upstream.requests).toHaveLength(0);
});

test("Basic credentials inside a tunnel are not taken for a token", async () => {
  const under = await bench();
  expect((await under.send({ target, headers: { authorization: "Basic YTpi" } })).status).toBe(401);
  expect(under.upstream.requests).toHaveLength(0);
});

test("a bearer of one session in the tunnel of another is refused", async () => {
  const under = await bench({
    tokens: { "token-2": callerOf("ses_2"), "token-3": callerOf("ses_3", "somebody-else") },
  });
  for (const token of ["token-2", "token-3"]) {
    const answer = await under.send({ target, headers: { authorization: `Bearer ${token}` } });
    expect(errorOf(answer).reason).toBe("IDENTITIES_DISAGREE");
  }
  expect(under.upstream.requests).toHaveLength(0);
});

test("a session that is stopped loses its tunnels at once, and its token is worth nothing", async () => {
  const under = await bench();
  const socket = await under.tunnel();
  expect((await under.send({ target, socket })).status).toBe(200);
  const closed = new Promise((done) => socket.once("close", done));
  under.authenticator.stop("ses_1");
  await closed;
  await expect(under.tunnel()).rejects.toThrow(/407/);
});

// May they

test("what the catalogue does not know is refused", async () => {
  const under = await bench();
  const answer = await under.send({ method: "PATCH", target });
  expect(errorOf(answer).reason).toBe("UNKNOWN_METHOD");
  expect(under.upstream.requests).toHaveLength(0);
  expect(under.audit.entries).toMatchObject([
    { kind: "exchange.refused", sessionId: "ses_1", decision: "unknown_method" },
  ]);
});

test("a denial names the exchange, the rule and its message, and is on record before it is sent", async () => {
  const under = await bench();
  const reasons = [
    { policy: "production", rule: "never-keys", effect: "deny" as const, message: "Use workload identity." },
  ];
  under.decide(() => decision("deny", { reasons }));
  const answer = await under.send({ target });
  const error = errorOf(answer);
  expect(answer.status).toBe(403);
  expect(error).toMatchObject({ code: 403, status: "PERMISSION_DENIED" });
  expect(error.message).toMatch(/^NOT EXECUTED - a policy denies this call \(exc_[0-9a-f]{32}\)/);
  expect(error.message).toContain("Reason: rule production/never-keys: Use workload identity.");
  expect(error.message).toContain("Next step: Do not retry");
  expect(error.errors[0]).toMatchObject({ reason: "policyDenied", domain: "gatehouse" });
  expect(answer.headers["x-audit-record"]).toMatch(/^gatehouse\.example\/log\/0; leaf=[\w+/]{43}=$/);
  expect(answer.headers["retry-after"]).toBeUndefined();
  expect(under.audit.entries).toMatchObject([{ kind: "exchange.refused", decision: "policy_denied" }]);
  expect(under.upstream.requests).toHaveLength(0);
});

test("a resource outside the connection is refused", async () => {
  const under = await bench();
  under.connection.refuseWith({ kind: "refused", code: "outside_connection", detail: "other project" });
  expect((await under.send({ target })).status).toBe(403);
  expect(under.upstream.requests).toHaveLength(0);
});

test.each(["x-goog-copy-source", "x-amz-copy-source", "x-goog-project-id", "x-goog-upload-protocol"])(
  "the header %s, which would make the judged call another one than goes up, is refused",
  async (name) => {
    const under = await bench();
    const answer = await under.send({ target, headers: { [name]: "a/b" } });
    expect(errorOf(answer)).toMatchObject({ reason: "OVERRIDE_REFUSED" });
    expect(errorOf(answer).message).toContain(name);
    expect(under.upstream.requests).toHaveLength(0);
  },
);

test("a header that Connection takes away is not judged as if it went up", async () => {
  const under = await bench();
  const headers = { connection: "close, X-Goog-Resumable", "x-goog-resumable": "start" };
  expect(errorOf(await under.send({ target, headers })).reason).toBe("OVERRIDE_REFUSED");
  expect(under.upstream.requests).toHaveLength(0);
});

test("a request that names the type of its body twice is refused", async () => {
  const under = await bench();
  const socket = await under.tunnel();
  socket.write(
    `POST /storage/v1/b HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}`,
  );
  expect(await readUntil(socket)).toMatch(/^HTTP\/1\.1 400 /);
  expect(under.upstream.requests).toHaveLength(0);
});

test("a URL that Google signed for somebody else is refused", async () => {
  const under = await bench();
  for (const query of ["X-Goog-Signature=00", "upload_id=stolen", "gatehouse_handle=guessed"]) {
    const answer = await under.send({ method: "PUT", target: `/bucket/object?${query}`, body: "x" });
    expect(errorOf(answer).reason, query).toBe("CAPABILITY_UNKNOWN");
  }
  expect(under.upstream.requests).toHaveLength(0);
});

test("a token or signature in a URL that was refused is not kept in the log", async () => {
  const under = await bench();
  for (const query of ["access_token=url-canary", "X-Goog-Signature=url-canary&a=b?c=url-canary"]) {
    expect((await under.send({ method: "PUT", target: `/bucket-x/object?${query}` })).status).toBe(403);
  }
  expect(under.audit.text()).toContain("X-Goog-Signature=");
  expect(under.audit.text() + under.log.join("")).not.toContain("url-canary");
});

test("an upgrade to another protocol is refused", async () => {
  const under = await bench();
  const answer = await under.send({ target, headers: { connection: "Upgrade", upgrade: "websocket" } });
  expect(errorOf(answer).reason).toBe("MALFORMED_REQUEST");
  expect(under.upstream.requests).toHaveLength(0);
});

test("what the parser itself refuses is on record, with its session", async () => {
  const under = await bench();
  const socket = await under.tunnel();
  socket.write("GET / HTTP/1.1\nHost: x\n\n");
  expect(await readUntil(socket)).toMatch(/^HTTP\/1\.1 400 /);
  expect(under.audit.entries).toMatchObject([
    { kind: "exchange.refused", sessionId: "ses_1", decision: "malformed" },
  ]);
});

test("headers beyond the limits are refused", async () => {
  const under = await bench();
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`x-${index}`, "1"]));
  expect((await under.send({ target, headers: many })).status).toBe(400);
  expect((await under.send({ target, headers: { "x-long": "x".repeat(17_000) } })).status).toBe(431);
  expect((await under.send({ target: `${target}?${"x".repeat(8_200)}` })).status).toBe(400);
  expect(under.upstream.requests).toHaveLength(0);
});

test("what cannot be recorded is not forwarded", async () => {
  const under = await bench();
  under.audit.on("exchange.intent", async () => {
    throw new Error("disk full");
  });
  const answer = await under.send({ target });
  expect(answer.status).toBe(503);
  expect(errorOf(answer).reason).toBe("NOT_RECORDABLE");
  expect(under.upstream.requests).toHaveLength(0);
});

test("nothing leaves before its intent is durable", async () => {
  const under = await bench();
  let letGo = (): void => undefined;
  const reached = new Promise<void>((seen) => {
    under.audit.on("exchange.intent", () => {
      seen();
      return new Promise((done) => {
        letGo = done;
      });
    });
  });
  const answer = under.send({ target });
  await reached;
  expect(under.upstream.receivedBytes()).toBe(0);
  letGo();
  expect((await answer).status).toBe(200);
  expect(under.upstream.requests).toHaveLength(1);
});

test("without an upstream credential nothing is forwarded, and the intent gets its end", async () => {
  const under = await bench();
  under.connection.rotate(undefined);
  const answer = await under.send({ target });
  expect(answer.status).toBe(502);
  expect(errorOf(answer).message).toMatch(/^NOT EXECUTED/);
  expect(under.audit.kinds()).toEqual(["exchange.intent", "exchange.aborted"]);
  expect(under.upstream.requests).toHaveLength(0);
});

test("strangers cannot fill the log: what comes too fast is counted, not listed", async () => {
  const under = await bench();
  const socket = await under.dial();
  for (let sent = 0; sent < 70; sent += 1) {
    await under.sendByPrefix({
      target: `/${host}${target}`,
      socket: sent === 0 ? socket : await under.dial(),
    });
  }
  expect(under.audit.entries).toHaveLength(60);
});

test("the listener opens on loopback only, since it has no TLS of its own", async () => {
  const under = await bench();
  for (const address of ["0.0.0.0", "::", "192.0.2.1"]) {
    await expect(openDataPlane(under.ports, { host: address, port: 0 })).rejects.toMatchObject({
      code: "tls_required",
    });
  }
});

// What goes through

test("a call through a tunnel reaches the upstream once, with the connection's credential and not the client's", async () => {
  const under = await bench();
  const answer = await under.send({
    target: `${target}?fields=name%2Cid`,
    headers: {
      authorization: "Bearer token-1",
      cookie: "a=b",
      "x-goog-user-project": "other",
      "x-forwarded-for": "10.0.0.1",
      "accept-encoding": "gzip",
      "x-goog-acl": "public-read",
      accept: "application/x-protobuf",
      connection: "x-goog-meta-a",
      "x-goog-meta-a": "dropped",
      "user-agent": "google-cloud-sdk gcloud/528.0.0",
    },
  });
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.text)).toEqual({ ok: true });
  const [sent] = under.upstream.requests;
  expect(under.upstream.requests).toHaveLength(1);
  expect(sent?.target).toBe(`${target}?fields=name%2Cid`);
  const { "x-goog-request-reason": reason, ...headers } = Object.fromEntries(sent?.headers ?? []);
  expect(reason).toMatch(/^gatehouse:exc_[0-9a-f]{32}$/);
  expect(headers).toEqual({
    host,
    connection: "keep-alive",
    authorization: `Bearer practice-upstream-credential-canary/+=42`,
    "user-agent": "google-cloud-sdk gcloud/528.0.0",
    "accept-encoding": "identity",
  });
});

test("intent and outcome are on record, with digests and the masked bodies", async () => {
  const under = await bench({ script: jsonAnswer({ name: "logs" }) });
  const answer = await under.send({ method: "POST", target: "/storage/v1/b", body: '{"name":"logs"}' });
  expect(answer.status).toBe(200);
  expect(answer.headers["x-audit-record"]).toMatch(/^gatehouse\.example\/log\/0; leaf=/);
  expect(under.audit.entries).toMatchObject([
    {
      kind: "exchange.intent",
      sessionId: "ses_1",
      operation: "storage.buckets.insert",
      class: "write",
      decision: "allow",
      policyVersion: "policy-1",
      requestBody: { bytes: 15 },
      detail: { method: "POST", host, target: "/storage/v1/b", reasons: ["production/rule"] },
    },
    {
      kind: "exchange.outcome",
      status: 200,
      requestBody: { bytes: 15 },
      answerBody: { bytes: 15 },
      attachments: [{ role: "request" }, { role: "answer" }],
    },
  ]);
  expect(under.audit.entries[0]?.exchangeId).toBe(under.audit.entries[1]?.exchangeId);
});

test("the endpoint prefix form reaches the host it names, by bearer alone", async () => {
  const under = await bench();
  const answer = await under.sendByPrefix({
    target: `/${host}${target}?a=%2F..%2e`,
    headers: { authorization: "bearer token-1" },
  });
  expect(answer.status).toBe(200);
  expect(under.upstream.requests[0]).toMatchObject({ target: `${target}?a=%2F..%2e` });
  expect(under.upstream.requests[0]?.headers.get("host")).toBe(host);
});

test("a person's own token counts for the tunnel's session", async () => {
  const under = await bench({ tokens: { jwt: callerOf("ses_of_jwt", "developer", "identity_token") } });
  const answer = await under.send({ target, headers: { authorization: "Bearer jwt" } });
  expect(answer.status).toBe(200);
  expect(under.audit.entries[0]?.sessionId).toBe("ses_1");
});
