import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { controlPlaneUnderTest, fakeBrowser } from "../../../test/fakes/control-plane-under-test.ts";
import { approver, outsider } from "../../../test/fakes/token-issuer.ts";
import { localReturnPath } from "./return-path.ts";

test.each([
  "https://evil.example.com",
  "//evil.example.com",
  "/\\evil.example.com",
  "/\t/evil.example.com",
  "/approvals/../../evil",
  "/approvals//evil.example.com",
  "/approvals/apr_1/../..",
  "/approvals/apr_1?next=//evil",
  "/sign-out",
  "javascript:alert(1)",
  "approvals",
  "",
  "/approvals\n",
])("after signing in nobody is sent to %j (open redirect)", async (wanted) => {
  expect(localReturnPath(wanted)).toBe("/");
  const browser = fakeBrowser(await controlPlaneUnderTest());
  expect(await browser.signIn(approver, `/sign-in?return=${encodeURIComponent(wanted)}`)).toBe("/");
});

test("a return path that comes twice, or not at all, leads to the first page", () => {
  expect([localReturnPath(["/approvals", "/approvals"]), localReturnPath(undefined)]).toEqual(["/", "/"]);
});

test("an answer in a browser that did not begin the sign-in is refused (login CSRF)", async () => {
  const under = await controlPlaneUnderTest();
  const attacker = fakeBrowser(under);
  const begun = await attacker.get("/sign-in");
  const back = under.issuer.signIn(new URL(String(begun.headers.location)), approver);
  const victim = fakeBrowser(under);
  const answer = await victim.get(back.pathname + back.search);
  expect([answer.statusCode, answer.body.includes("sign_in_unknown")]).toEqual([400, true]);
  expect(victim.cookies.has("gatehouse_session")).toBe(false);
});

test("an answer that belongs to another sign-in of the same browser is refused", async () => {
  const under = await controlPlaneUnderTest();
  const browser = fakeBrowser(under);
  const first = await browser.get("/sign-in");
  await browser.get("/sign-in");
  const back = under.issuer.signIn(new URL(String(first.headers.location)), approver);
  expect((await browser.get(back.pathname + back.search)).statusCode).toBe(401);
  expect(browser.cookies.has("gatehouse_session")).toBe(false);
});

test("a sign-in counts once: the same answer again is refused", async () => {
  const under = await controlPlaneUnderTest();
  const browser = fakeBrowser(under);
  const begun = await browser.get("/sign-in");
  const cookie = { cookie: `gatehouse_sign_in=${browser.cookies.get("gatehouse_sign_in")}` };
  const back = under.issuer.signIn(new URL(String(begun.headers.location)), approver);
  expect((await browser.get(back.pathname + back.search)).statusCode).toBe(303);
  expect((await browser.get(back.pathname + back.search, cookie)).statusCode).toBe(400);
});

test("a sign-in that took longer than five minutes is over", async () => {
  const under = await controlPlaneUnderTest();
  const browser = fakeBrowser(under);
  const begun = await browser.get("/sign-in");
  const back = under.issuer.signIn(new URL(String(begun.headers.location)), approver);
  under.clock.pass(limits.signInMsMax);
  expect((await browser.get(back.pathname + back.search)).statusCode).toBe(400);
});

test("a cookie that somebody planted before the sign-in is worth nothing after it (session fixation)", async () => {
  const under = await controlPlaneUnderTest();
  const browser = fakeBrowser(under);
  browser.cookies.set("gatehouse_session", "planted");
  await browser.signIn(approver);
  expect(browser.cookies.get("gatehouse_session")).not.toBe("planted");
  const planted = await under.call("GET", "/approvals", { headers: { cookie: "gatehouse_session=planted" } });
  expect(planted.statusCode).toBe(303);
});

test("signing in again ends the browser's earlier session", async () => {
  const under = await controlPlaneUnderTest();
  const browser = fakeBrowser(under);
  await browser.signIn(approver);
  const earlier = `gatehouse_session=${browser.cookies.get("gatehouse_session")}`;
  await browser.signIn(approver);
  expect((await under.call("GET", "/approvals", { headers: { cookie: earlier } })).statusCode).toBe(303);
});

test("a browser stays signed in for an hour", async () => {
  const under = await controlPlaneUnderTest();
  const browser = fakeBrowser(under);
  await browser.signIn(approver);
  under.clock.pass(limits.browserSessionLifeMs - 1);
  expect((await browser.get("/approvals")).statusCode).toBe(200);
  under.clock.pass(1);
  expect((await browser.get("/approvals")).statusCode).toBe(303);
});

test("a provider that is down is named on the page, with what to do", async () => {
  const under = await controlPlaneUnderTest();
  under.issuer.isDown = true;
  const answer = await fakeBrowser(under).get("/sign-in");
  expect([answer.statusCode, answer.headers["content-type"]]).toEqual([503, "text/html; charset=utf-8"]);
  expect(answer.body).toContain("identity provider cannot be reached");
});

test("what the provider's answer says never shows on the page", async () => {
  const under = await controlPlaneUnderTest();
  const browser = fakeBrowser(under);
  await browser.get("/sign-in");
  const answer = await browser.get(
    "/sign-in/callback?error=<script>alert(1)</script>&error_description=hunter2",
  );
  expect(answer.statusCode).toBe(401);
  expect(answer.body).not.toMatch(/<script|hunter2/);
});

test("cookies are out of scripts' reach, and Lax; over TLS they carry the __Host- name", async () => {
  const plain = await (await controlPlaneUnderTest()).call("GET", "/sign-in");
  expect(plain.cookies).toMatchObject([
    { name: "gatehouse_sign_in", httpOnly: true, sameSite: "Lax", path: "/" },
  ]);
  const secure = await (await controlPlaneUnderTest({ url: "https://gatehouse.example.com" })).call(
    "GET",
    "/sign-in",
  );
  expect(secure.cookies).toMatchObject([
    { name: "__Host-gatehouse_sign_in", httpOnly: true, sameSite: "Lax", path: "/", secure: true },
  ]);
  expect(secure.headers["strict-transport-security"]).toContain("max-age=31536000");
});

test("a sign-in begun under another name of this machine moves to the right one first", async () => {
  const under = await controlPlaneUnderTest();
  const answer = await under.call("GET", "/sign-in?return=/approvals", {
    headers: { host: "localhost:8440" },
  });
  expect([answer.statusCode, answer.headers.location]).toEqual([
    307,
    "http://127.0.0.1:8440/sign-in?return=/approvals",
  ]);
});

test("somebody without any role signs in, sees who they are, and nothing else", async () => {
  const under = await controlPlaneUnderTest();
  const browser = fakeBrowser(under);
  await browser.signIn(outsider);
  expect((await browser.get("/")).body).toContain("outsider@example.com");
  expect((await browser.get("/approvals")).statusCode).toBe(403);
});

test("a sign-in leads back to the page it was asked from", async () => {
  const browser = fakeBrowser(await controlPlaneUnderTest());
  const asked = await browser.get("/approvals/apr_0199");
  expect(asked.headers.location).toBe("/sign-in?return=%2Fapprovals%2Fapr_0199");
  expect(await browser.signIn(approver, String(asked.headers.location))).toBe("/approvals/apr_0199");
});

test("a sign-in is on record, and nobody is let in whose sign-in cannot be", async () => {
  const under = await controlPlaneUnderTest();
  await fakeBrowser(under).signIn(approver);
  expect(under.audit.kinds()).toContain("auth.signed_in");
  under.audit.on("auth.signed_in", () => Promise.reject(new Error("disk full")));
  const browser = fakeBrowser(under);
  const begun = await browser.get("/sign-in");
  const back = under.issuer.signIn(new URL(String(begun.headers.location)), approver);
  expect((await browser.get(back.pathname + back.search)).statusCode).toBe(503);
  expect(browser.cookies.has("gatehouse_session")).toBe(false);
});
