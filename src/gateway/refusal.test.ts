import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { callerOf } from "../../test/fakes/listed-authenticator.ts";
import type { ReceivedRequest } from "./exchange.ts";
import { refusal, wasForwarded } from "./refusal.ts";
import { refusalAnswer } from "./refusal-answer.ts";
import { refusalTable } from "./refusal-table.ts";

const request: ReceivedRequest = {
  exchangeId: "exc_1",
  receivedAt: new Date(0),
  host: "iam.googleapis.com",
  method: "GET",
  target: "/v1/x",
  headers: [],
  body: Readable.from([]),
  bodyBytes: 0,
  bearer: undefined,
  proxySessionId: undefined,
  urlOf: (name) => `https://${name}`,
  gone: new AbortController().signal,
  sendInterim: () => undefined,
};
const facts = { receipt: undefined, approvalUrl: (id: string) => `https://gatehouse.example.com/a/${id}` };

test.each(Object.entries(refusalTable))(
  "%s carries the exchange's id, a reason and a next step",
  (code, row) => {
    const known = Object.keys(refusalTable).find((name): name is keyof typeof refusalTable => name === code);
    if (known === undefined) throw new Error("no such code");
    const answer = refusalAnswer(refusal(known, request, "for our eyes only"), facts);
    const text = Buffer.from(answer.body instanceof Uint8Array ? answer.body : []).toString();
    expect(answer.status).toBe(row.http);
    expect(text).toContain("exc_1");
    expect(text).toContain(`"reason":"${row.reason}"`);
    expect(text).toContain("Next step: ");
    // What a check found stays with us.
    expect(text).not.toContain("for our eyes only");
  },
);

test("no refusal uses a phrase that makes a client send the call again", () => {
  const everything = JSON.stringify(refusalTable);
  for (const phrase of ["The caller does not have permission", "Quota exceeded", "' denied"]) {
    expect(everything).not.toContain(phrase);
  }
  // 429 and 425 are sent again blindly, and a 2xx is taken for success.
  for (const { http } of Object.values(refusalTable))
    expect([400, 401, 403, 413, 421, 500, 502, 503, 504]).toContain(http);
});

test("each refusal has a reason of its own", () => {
  const reasons = Object.values(refusalTable).map(({ reason }) => reason);
  expect(new Set(reasons).size).toBe(reasons.length);
});

test("a refusal before the intent says that nothing has changed; one after it does not claim so", () => {
  expect(wasForwarded(refusal("policy_denied", request, ""))).toBe(false);
  const intent = { origin: "o", index: 0, leafHash: new Uint8Array(32) };
  const recorded = { ...request, caller: callerOf("ses_1"), intent };
  expect(wasForwarded(refusal("upstream_failed", recorded, ""))).toBe(true);
  expect(wasForwarded(refusal("credential_unavailable", recorded, ""))).toBe(false);
});
