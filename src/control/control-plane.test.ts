import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { controlPlaneUnderTest } from "../../test/fakes/control-plane-under-test.ts";
import { openControlPlane } from "./control-plane.ts";

test.each([
  ["listening on every address", { listen: { host: "0.0.0.0", port: 0 } }],
  ["a public name without TLS", { url: "http://gatehouse.example.com" }],
  [
    "listening elsewhere, TLS in front or not",
    { url: "https://gatehouse.example.com", listen: { host: "10.0.0.5", port: 0 } },
  ],
])("%s is refused at start", async (_name, changes) => {
  const { ports } = await controlPlaneUnderTest();
  await expect(openControlPlane({ ...ports, ...changes })).rejects.toMatchObject({ code: "tls_required" });
});

test.each(["evil.example.com:8440", "127.0.0.1:9999", "127.0.0.1", "gatehouse@127.0.0.1:8440"])(
  "a request addressed to %s is misdirected, so that a page cannot rebind its name to us",
  async (host) => {
    const { call } = await controlPlaneUnderTest();
    for (const path of ["/", "/approvals", "/.well-known/gatehouse", "/api/v1/me", "/nowhere"]) {
      expect((await call("GET", path, { headers: { host } })).statusCode).toBe(421);
    }
    expect((await call("GET", "/healthz", { headers: { host } })).statusCode).toBe(200);
  },
);

test.each([
  "/nowhere",
  "/api/v1/..%2fme",
  "/api/v1/sessions/",
  "/API/V1/ME",
  "/%zz",
  "//api/v1/me",
  "/approvals/..%2f..",
])("%s is no path of ours and says so as a problem", async (path) => {
  const { call } = await controlPlaneUnderTest();
  const answer = await call("GET", path);
  expect(answer.statusCode).toBeGreaterThanOrEqual(400);
  expect(answer.statusCode).toBeLessThan(500);
  expect(answer.headers["content-type"]).toMatch(/^(application\/json|text\/html)/);
});

test("to a browser a path that does not exist is a page, to a program a problem", async () => {
  const { call } = await controlPlaneUnderTest();
  const headers = { host: "127.0.0.1:8440", accept: "text/html,application/xhtml+xml" };
  const typeOf = async (path: string, asked: Record<string, string>): Promise<unknown> =>
    (await call("GET", path, { headers: asked })).headers["content-type"];
  expect(await typeOf("/nowhere", headers)).toBe("text/html; charset=utf-8");
  expect(await typeOf("/nowhere", {})).toBe("application/json; charset=utf-8");
  expect(await typeOf("/api/v1/nowhere", headers)).toBe("application/json; charset=utf-8");
});

test("a body of more than 64 KiB, broken JSON and a poisoned prototype are refused in our shape", async () => {
  const { call, app, bearer } = await controlPlaneUnderTest();
  const token = await bearer("console", { email: "approver@example.com", groups: ["sre"] });
  const long = await call("POST", "/v1/token", {
    form: { subject_token: "x".repeat(limits.controlBodyBytesMax) },
  });
  expect([long.statusCode, long.json()]).toMatchObject([400, { error: { code: "request_invalid" } }]);
  for (const payload of ["{", '{"__proto__":{"verdict":"approve"}}']) {
    const headers = {
      host: "127.0.0.1:8440",
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
    };
    const answer = await app.inject({
      method: "POST",
      url: "/api/v1/approvals/apr_1/votes",
      headers,
      payload,
    });
    expect([answer.statusCode, answer.json()]).toMatchObject([400, { error: { code: "request_invalid" } }]);
  }
});

test("what breaks inside is told to the log, not to the caller", async () => {
  const { call, logged } = await controlPlaneUnderTest({
    readiness: () => Promise.reject(new Error("password=hunter2 at 10.0.0.5")),
  });
  const answer = await call("GET", "/readyz");
  expect([answer.statusCode, answer.body.includes("hunter2")]).toEqual([500, false]);
  expect(logged.join()).toContain("a request could not be answered");
});

test("sign-ins, tokens and votes are limited for each address", async () => {
  const { call } = await controlPlaneUnderTest();
  const codes: number[] = [];
  for (let count = 0; count <= limits.signInsPerMinuteMax; count += 1)
    codes.push((await call("GET", "/sign-in")).statusCode);
  expect(codes.filter((code) => code === 303)).toHaveLength(limits.signInsPerMinuteMax);
  expect(codes.at(-1)).toBe(429);
  for (let count = 0; count < limits.tokenRequestsPerMinuteMax; count += 1)
    await call("POST", "/v1/token", { form: {} });
  const refused = await call("POST", "/v1/token", { form: {} });
  expect([refused.statusCode, refused.json()]).toMatchObject([429, { error: { code: "too_many_requests" } }]);
});

test("every answer forbids scripts, frames and foreign content, refusals included", async () => {
  const { call } = await controlPlaneUnderTest();
  for (const path of ["/", "/approvals", "/nowhere", "/api/v1/me", "/style.css"]) {
    const { headers } = await call("GET", path);
    expect(headers["content-security-policy"]).toBe(
      "default-src 'none';style-src 'self';form-action 'self';base-uri 'none';frame-ancestors 'none'",
    );
    expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "referrer-policy": "same-origin" });
    expect(headers["strict-transport-security"]).toBeUndefined();
  }
});

test("anybody may read what a helper needs to find its way in, and the log's checkpoint", async () => {
  const under = await controlPlaneUnderTest();
  expect((await under.call("GET", "/.well-known/gatehouse")).json()).toEqual(under.ports.serverInfo);
  expect((await under.call("GET", "/v1/ca.pem")).body).toBe(under.ports.serverInfo.caCertificatePem);
  expect((await under.call("GET", "/api/v1/audit/checkpoint")).statusCode).toBe(404);
  under.checkpoint = "gatehouse.example/log\n1\n";
  const checkpoint = await under.call("GET", "/api/v1/audit/checkpoint");
  expect([checkpoint.body, checkpoint.headers["content-type"]]).toEqual([
    under.checkpoint,
    "text/plain; charset=utf-8",
  ]);
});

test("readiness says which part does not work", async () => {
  const under = await controlPlaneUnderTest();
  expect((await under.call("GET", "/readyz")).statusCode).toBe(200);
  under.isReady = false;
  const answer = await under.call("GET", "/readyz");
  expect([answer.statusCode, answer.json()]).toEqual([
    503,
    { isReady: false, parts: [{ name: "audit log", isReady: false }] },
  ]);
});

test("it listens on loopback, and is gone when closed", async () => {
  const { ports } = await controlPlaneUnderTest();
  const plane = await openControlPlane(ports);
  const address = `http://127.0.0.1:${plane.port}/healthz`;
  expect((await fetch(address)).status).toBe(200);
  await plane.close();
  await expect(fetch(address)).rejects.toThrow();
});
