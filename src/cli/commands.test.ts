import { afterEach, beforeEach, expect, test } from "vitest";
import type { ApprovalDetail } from "#api";
import { type FakeControlPlane, refusal, startFakeControlPlane } from "../../test/fakes/control-plane.ts";
import { type FakeIdentityProvider, startFakeIdentityProvider } from "../../test/fakes/identity-provider.ts";
import { manualClock } from "../../test/fakes/manual-clock.ts";
import { type FakeTerminal, fakeTerminal } from "../../test/fakes/terminal.ts";
import { runCommandLine } from "./program.ts";
import { facts, printable } from "./text.ts";

let provider: FakeIdentityProvider;
let plane: FakeControlPlane;
let terminal: FakeTerminal;
beforeEach(async () => {
  provider = await startFakeIdentityProvider();
  plane = await startFakeControlPlane({ issuer: provider.issuer });
  terminal = fakeTerminal({ environment: { GATEHOUSE_URL: plane.url } });
});
afterEach(async () => {
  await provider.close();
  await plane.close();
  terminal.remove();
});

async function gatehouse(...words: string[]): Promise<{ status: number; out: string; err: string }> {
  const clock = manualClock();
  const own = { ...terminal, clock };
  const status = await runCommandLine(words, { version: "0.1.0", localCommands: [] }, own);
  return { status, out: terminal.stdout.splice(0).join("\n"), err: terminal.stderr.splice(0).join("\n") };
}

const times = { createdAt: "2026-11-24T12:00:00Z", decideBy: "2026-11-24T12:30:00Z" };
const detail: ApprovalDetail = {
  ...times,
  id: "apr_1",
  state: "pending",
  requester: { email: "developer@example.com", subject: "s" },
  agent: "cursor",
  connection: "prod",
  operation: "compute.instances.delete",
  class: "destructive",
  resource: "projects/prod-1/zones/europe-west1-b/instances/web-3",
  preview: "DELETE the instance",
  fingerprint: "fp-1",
  requirements: [{ policy: "prod", rule: "destroy", groups: ["sre", "security"], approvals: 2, each: 1 }],
  votes: [{ approver: "approver@example.com", verdict: "approve", at: "2026-11-24T12:05:00Z" }],
};
const status = (state: string, more: object = {}) => ({
  status: 200,
  body: { id: "apr_1", state, decideBy: times.decideBy, ...more },
});
const asApprover = ["--as", "approver@example.com"];

test("an id that is none never becomes part of a path", async () => {
  for (const words of [
    ["wait", "../../v1/token"],
    ["approvals", "approve", "apr_1/votes"],
    ["sessions", "stop", "ses_1?x"],
    ["sessions", "show", ""],
  ]) {
    expect((await gatehouse(...words)).status, words.join(" ")).toBe(2);
  }
  expect(plane.requests).toEqual([]);
});

test("an escape sequence or a reversed name in a request is shown, not obeyed", async () => {
  const preview = "harmless\u001b[1A\u001b[2Kreally \u202edelete";
  plane.routes.set("GET /api/v1/approvals/apr_1", () => ({ status: 200, body: { ...detail, preview } }));
  const { out } = await gatehouse("approvals", "show", "apr_1", ...asApprover);
  expect(out).toContain("harmless\\u{1b}[1A\\u{1b}[2Kreally \\u{202e}delete");
  expect(printable("two\nlines\tand é ✓")).toBe("two\nlines\tand é ✓");
  expect(printable("pro\u200bd \u061c \ufeff \u2028 \u{e0041}")).toBe(
    "pro\\u{200b}d \\u{61c} \\u{feff} \\u{2028} \\u{e0041}",
  );
  expect(facts([["Resource", "b/one\nState: approved"]])).toBe("Resource: b/one State: approved");
});

test("a request whose text looks like the facts of another one is marked as a quotation, line by line", async () => {
  const preview = `POST https://x\n\nhi${"\n".repeat(300)}Operation: storage.objects.list (read)`;
  plane.routes.set("GET /api/v1/approvals/apr_1", () => ({ status: 200, body: { ...detail, preview } }));
  const { out } = await gatehouse("approvals", "show", "apr_1", ...asApprover);
  expect(out).toContain(
    "| POST https://x\n| \n| hi\n| ⟨300 line breaks and 0 blanks, left out⟩\n| Operation: storage",
  );
  expect(printable("a\u3164\u2800\ufe0f")).toBe("a\\u{3164}\\u{2800}\\u{fe0f}");
});

test("approving names the fingerprint of what was shown, so that nothing else is approved", async () => {
  let state: ApprovalDetail["state"] = "pending";
  plane.routes.set("GET /api/v1/approvals/apr_1", () => ({ status: 200, body: { ...detail, state } }));
  plane.routes.set("POST /api/v1/approvals/apr_1/votes", () => {
    state = "approved";
    return status(state);
  });
  const { status: code, out } = await gatehouse(
    "approvals",
    "approve",
    "apr_1",
    ...asApprover,
    "--reason",
    "agreed",
  );
  expect(code).toBe(0);
  expect(out).toContain("projects/prod-1/zones/europe-west1-b/instances/web-3");
  expect(out).toContain("You approved it. The request is now approved.");
  const vote: unknown = JSON.parse(plane.requests.find(({ method }) => method === "POST")?.body ?? "");
  expect(vote).toEqual({ verdict: "approve", fingerprint: "fp-1", reason: "agreed" });
  const grant = provider.grants[0];
  expect([grant?.get("client_id"), grant?.get("person")]).toEqual([
    "gatehouse-console",
    "approver@example.com",
  ]);
});

test("a vote that the server does not take is a failure with its reason", async () => {
  plane.routes.set("GET /api/v1/approvals/apr_1", () => ({ status: 200, body: detail }));
  plane.routes.set("POST /api/v1/approvals/apr_1/votes", () =>
    refusal(403, "own_request", "You cannot decide about your own request."),
  );
  const { status: code, err } = await gatehouse("approvals", "deny", "apr_1", ...asApprover);
  expect({ code, err }).toEqual({ code: 1, err: "gatehouse: You cannot decide about your own request." });
});

test("an approver sees the request in full before deciding", async () => {
  plane.routes.set("GET /api/v1/approvals/apr_1", () => ({ status: 200, body: detail }));
  expect((await gatehouse("approvals", "show", "apr_1", ...asApprover)).out).toBe(
    [
      "Approval request: apr_1",
      "State:            pending",
      "Operation:        compute.instances.delete (destructive)",
      "Resource:         projects/prod-1/zones/europe-west1-b/instances/web-3",
      "Requester:        developer@example.com",
      "Agent:            cursor",
      "Connection:       prod",
      "Asked:            2026-11-24 12:00:00 UTC",
      "Decide by:        2026-11-24 12:30:00 UTC",
      "Needs:            2 of sre, security, 1 from each (prod/destroy)",
      "Votes:            approve by approver@example.com, 2026-11-24 12:05:00 UTC",
      "Fingerprint:      fp-1",
      "",
      "| DELETE the instance",
    ].join("\n"),
  );
});

test("every listing has a text for people and JSON for programs", async () => {
  const session = {
    id: "ses_1",
    principal: { id: "p", email: "developer@example.com", issuer: "https://idp.example.com", subject: "s" },
    agent: "cursor",
    startedAt: times.createdAt,
    endsAt: times.decideBy,
    state: "running",
  };
  plane.routes.set("GET /api/v1/approvals", () => ({ status: 200, body: { approvals: [detail] } }));
  plane.routes.set("GET /api/v1/sessions", () => ({ status: 200, body: { sessions: [session] } }));
  const auditor = ["--as", "auditor@example.com"];
  expect((await gatehouse("approvals", "list", ...asApprover)).out.split("\n")).toEqual([
    "ID     STATE    OPERATION                 RESOURCE                                              REQUESTER              DECIDE BY",
    "apr_1  pending  compute.instances.delete  projects/prod-1/zones/europe-west1-b/instances/web-3  developer@example.com  2026-11-24 12:30:00 UTC",
  ]);
  expect(JSON.parse((await gatehouse("approvals", "list", ...asApprover, "--json")).out)).toEqual({
    approvals: [detail],
  });
  expect((await gatehouse("sessions", "list", ...auditor)).out.split("\n")).toEqual([
    "ID     PRINCIPAL              AGENT   STARTED                  STATE",
    "ses_1  developer@example.com  cursor  2026-11-24 12:00:00 UTC  running",
  ]);
  expect(JSON.parse((await gatehouse("--json", "sessions", "list", ...auditor)).out)).toEqual({
    sessions: [session],
  });
});

test("a session is shown with its exchanges, and stopped", async () => {
  const session = {
    id: "ses_1",
    principal: { id: "p", issuer: "https://idp.example.com", subject: "subject-1" },
    agent: "cursor",
    startedAt: times.createdAt,
    endsAt: times.decideBy,
    state: "running",
  };
  const exchange = {
    id: "exc_1",
    at: "2026-11-24T12:01:02Z",
    method: "GET",
    host: "storage.googleapis.com",
    operation: "storage.objects.get",
    resource: "b/o",
    decision: "allow",
    reasons: ["prod/reads"],
    status: 200,
    outcome: "answered",
    maskedValues: 2,
  };
  plane.routes.set("GET /api/v1/sessions/ses_1", () => ({
    status: 200,
    body: { ...session, exchanges: [exchange] },
  }));
  plane.routes.set("POST /api/v1/sessions/ses_1/stop", () => ({
    status: 200,
    body: { ...session, state: "stopped" },
  }));
  const shown = await gatehouse("sessions", "show", "ses_1", "--as", "auditor@example.com");
  expect(shown.out).toContain("Principal: subject-1");
  expect(shown.out).toContain(
    "12:01:02  storage.objects.get  b/o       allow (prod/reads)  answered 200  2       exc_1",
  );
  const stopped = await gatehouse("sessions", "stop", "ses_1", "--as", "auditor@example.com");
  expect(stopped.out).toBe("Session ses_1 is stopped.");
});

test("waiting ends with a status for each decision", async () => {
  const expected: Record<string, number> = {
    approved: 0,
    executing: 0,
    executed: 0,
    denied: 3,
    cancelled: 3,
    expired: 4,
    lapsed: 4,
    unknown: 1,
  };
  for (const [state, code] of Object.entries(expected)) {
    plane.routes.set("GET /api/v1/approvals/apr_1/status", () => status(state));
    const outcome = await gatehouse("wait", "apr_1", "--as", "developer@example.com");
    expect({ state, code: outcome.status }).toEqual({ state, code });
    expect(outcome.out.split("\n")).toHaveLength(1);
  }
});

test("a denial reaches the one who waits with its reason and without escape sequences", async () => {
  plane.routes.set("GET /api/v1/approvals/apr_1/status", () =>
    status("denied", { denialReason: "Not\u001b[2J today" }),
  );
  const { out } = await gatehouse("wait", "apr_1", "--as", "developer@example.com");
  expect(out).toBe("apr_1: denied: Not\\u{1b}[2J today. Do not try it again.");
});

test("waiting tells each change of state once, and gives up when the time is over", async () => {
  const states = ["pending", "pending", "pending", "approved"];
  plane.routes.set("GET /api/v1/approvals/apr_1/status", () => status(states.shift() ?? "approved"));
  const patient = await gatehouse("wait", "apr_1", "--as", "developer@example.com");
  expect(patient.out.split("\n")).toEqual([
    "apr_1: waiting for a decision until 2026-11-24 12:30:00 UTC. Nothing has been executed.",
    "apr_1: approved. Run the same command again, unchanged.",
  ]);
  plane.routes.set("GET /api/v1/approvals/apr_1/status", () => status("pending"));
  const hasty = await gatehouse("wait", "apr_1", "--max", "0s", "--as", "developer@example.com", "--json");
  expect(hasty.status).toBe(75);
  expect(JSON.parse(hasty.out)).toMatchObject({ id: "apr_1", state: "pending" });
  expect(plane.requests.at(-1)?.path).toBe("/api/v1/approvals/apr_1/status?wait=0");
});

test("a server that is not a Gatehouse is said to be none", async () => {
  plane.routes.set("GET /api/v1/approvals", () => ({ status: 200, body: { hello: "world" } }));
  const { status: code, err } = await gatehouse("approvals", "list", ...asApprover);
  expect(code).toBe(1);
  expect(err).toContain("did not answer as a Gatehouse server of this version does");
});

test("errors are JSON too when JSON was asked for, and no stack trace is shown", async () => {
  plane.routes.set("GET /api/v1/sessions", () => refusal(403, "not_permitted", "Auditors only.", "Ask one."));
  const { err } = await gatehouse("sessions", "list", "--as", "developer@example.com", "--json");
  expect(JSON.parse(err)).toEqual({
    error: { code: "not_permitted", message: "Auditors only.", next: "Ask one." },
  });
});
