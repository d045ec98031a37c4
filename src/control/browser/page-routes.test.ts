import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import {
  controlPlaneUnderTest,
  fakeBrowser,
  pendingRequest,
} from "../../../test/fakes/control-plane-under-test.ts";
import { approver, auditor, developer } from "../../../test/fakes/token-issuer.ts";

const request = pendingRequest();
const page = `/approvals/${request.id}`;

async function signedIn(person = approver) {
  const under = await controlPlaneUnderTest();
  under.requests.set(request.id, request);
  const browser = fakeBrowser(under);
  await browser.signIn(person, "/sign-in?fresh=1");
  const ballot = async (changes: Record<string, string> = {}) => ({
    form_token: await browser.formToken("/"),
    verdict: "approve",
    fingerprint: request.fingerprint,
    reason: "",
    ...changes,
  });
  return { ...under, browser, ballot };
}

test.each([
  ["without the form's token", { form_token: "" }, {}],
  ["with a guessed token", { form_token: "A".repeat(43) }, {}],
  ["from another origin", {}, { origin: "https://evil.example.com" }],
  ["from an origin that hides itself", {}, { origin: "null" }],
  ["from a page of another site", {}, { "sec-fetch-site": "cross-site" }],
  [
    "from another port of this machine",
    {},
    { origin: "http://127.0.0.1:3000", "sec-fetch-site": "same-site" },
  ],
])("a vote %s does not count (CSRF)", async (_name, form, headers) => {
  const { browser, ballot, votes } = await signedIn();
  const answer = await browser.post(page, await ballot(form), headers);
  expect([answer.statusCode, answer.body.includes("forged_form"), votes]).toEqual([403, true, []]);
});

test("the form's token of one browser does not serve another's", async () => {
  const { browser, ballot, votes, ...under } = await signedIn();
  const other = fakeBrowser({ ...under, votes });
  await other.signIn({ email: "second-approver@example.com", groups: ["sre"] });
  const answer = await browser.post(page, await ballot({ form_token: await other.formToken("/") }));
  expect([answer.statusCode, votes]).toEqual([403, []]);
});

test("a vote without a browser session does not count, whatever bearer token it brings", async () => {
  const { call, bearer, ballot, votes } = await signedIn();
  const answer = await call("POST", page, {
    form: await ballot(),
    bearer: await bearer("console", approver),
  });
  expect([answer.statusCode, votes]).toEqual([401, []]);
});

test("a vote whose sign-in has grown old while the page was open does not count, and leads back to the page", async () => {
  const { browser, ballot, votes, clock } = await signedIn();
  const form = await ballot();
  clock.pass(limits.approverSignInAgeMsMax + 1_000);
  const answer = await browser.post(page, form);
  expect([answer.statusCode, votes]).toEqual([401, []]);
  expect(answer.body).toContain(`href="/sign-in?fresh=1&amp;return=${page}"`);
});

test("somebody without the role approver sees no request and casts no vote", async () => {
  const { browser, ballot, votes } = await signedIn(auditor);
  const refused = await browser.get("/approvals");
  expect([refused.statusCode, refused.body.includes("This takes the role approver")]).toEqual([403, true]);
  expect((await browser.get(page)).statusCode).toBe(403);
  const answer = await browser.post(page, await ballot());
  expect([answer.statusCode, answer.body.includes("missing_role"), votes]).toEqual([403, true, []]);
});

test("whoever asked sees no buttons and cannot vote", async () => {
  const { browser, ballot, votes, requests } = await signedIn({ email: developer.email, groups: ["sre"] });
  expect((await browser.get(page)).body).toContain("You asked for this yourself");
  expect((await browser.get(page)).body).not.toContain('<button class="approve"');
  const answer = await browser.post(page, await ballot());
  expect([answer.statusCode, votes, requests.size]).toEqual([403, [], 1]);
});

test("a vote on a request that changed since the page was loaded does not count", async () => {
  const { browser, ballot, votes } = await signedIn();
  const answer = await browser.post(page, await ballot({ fingerprint: "0".repeat(64) }));
  expect([answer.statusCode, answer.body.includes("request_changed"), votes]).toEqual([409, true, []]);
});

test("after five minutes the page shows a way to sign in again in the place of its buttons", async () => {
  const { browser, clock } = await signedIn();
  expect((await browser.get(page)).body).toContain("Approve once");
  clock.pass(limits.approverSignInAgeMsMax + 1_000);
  const { body } = await browser.get(page);
  expect(body).not.toContain("Approve once");
  expect(body).toContain(`href="/sign-in?fresh=1&amp;return=${page}"`);
});

test("a request that is over says that nothing has changed, and has no time left to be executed in", async () => {
  const { browser, requests } = await signedIn();
  expect((await browser.get(page)).body).toContain("Execute by");
  for (const state of ["denied", "cancelled", "expired"] as const) {
    requests.set(request.id, pendingRequest({ state }));
    expect((await browser.get(page)).body, state).not.toContain("Execute by");
  }
  requests.set(request.id, pendingRequest({ state: "denied" }));
  expect((await browser.get(page)).body).toContain("denied, nothing has changed");
});

test("hostile words of an agent are shown as text, with what is invisible named", async () => {
  const { browser, requests } = await signedIn();
  const hostile = '"><script>alert(1)</script>\u202egnp.exe\u001b[2J\u200b';
  requests.set(
    request.id,
    pendingRequest({
      agent: hostile,
      preview: `line\n${hostile}`,
      resourceName: hostile,
      operationId: hostile,
      connection: hostile,
      requester: { ...request.requester, email: undefined, subject: hostile },
      votes: [
        {
          approver: { ...request.requester, email: hostile },
          verdict: "deny",
          reason: hostile,
          at: new Date(0),
        },
      ],
    }),
  );
  for (const path of [page, "/approvals"]) {
    const { body } = await browser.get(path);
    for (const raw of ["<script", "\u202e", "\u001b", "\u200b"]) expect(body).not.toContain(raw);
    expect(body).toContain("⟨U+202E⟩gnp.exe␛[2J⟨U+200B⟩");
  }
});

test("a request that is decided shows no buttons, and one that does not exist is a plain page", async () => {
  const { browser, requests } = await signedIn();
  requests.set(request.id, pendingRequest({ state: "executed" }));
  expect((await browser.get(page)).body).not.toContain('<form method="post" action="/approvals');
  const none = await browser.get("/approvals/apr_none");
  expect([none.statusCode, none.headers["content-type"]]).toEqual([404, "text/html; charset=utf-8"]);
});

test("a fresh approver reads who, what, where, why and until when, and decides with one button", async () => {
  const { browser, ballot, votes } = await signedIn();
  const shown = await browser.get(page);
  for (const words of [
    "developer@example.com",
    "cursor",
    "compute.instances.delete",
    "projects/p/zones/z/instances/web-3",
    "destructive",
    "agents/destroy",
    request.fingerprint,
    "held, nothing has changed",
    " s left",
    "within 10 m of the approval",
  ]) {
    expect(shown.body).toContain(words);
  }
  expect(shown.headers["cache-control"]).toBe("no-store");
  const answer = await browser.post(page, await ballot({ reason: "maintenance window" }));
  expect([answer.statusCode, answer.headers.location]).toEqual([303, page]);
  expect(votes).toMatchObject([{ vote: { verdict: "approve", reason: "maintenance window" } }]);
});

test("an empty reason is no reason", async () => {
  const { browser, ballot, votes } = await signedIn();
  await browser.post(page, await ballot({ verdict: "deny" }));
  expect(votes).toMatchObject([{ vote: { verdict: "deny", reason: undefined } }]);
});

test("the pages load one style sheet of ours, and nothing else", async () => {
  const { browser, call } = await signedIn();
  for (const path of ["/", "/approvals", page]) {
    const { body } = await browser.get(path);
    expect(body).not.toMatch(/<script|<img|style=|https?:\/\/(?!127|login)|\son\w+=/);
    expect(body).toMatch(/<html lang="en">[\s\S]*<main id="main">[\s\S]*<h1>/);
  }
  const style = await call("GET", "/style.css");
  expect([style.headers["content-type"], style.body.includes("url(")]).toEqual([
    "text/css; charset=utf-8",
    false,
  ]);
});
