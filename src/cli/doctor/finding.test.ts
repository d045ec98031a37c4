import { expect, test } from "vitest";
import { findingOf } from "./finding.ts";

const gcloud = { client: "gcloud", path: "/usr/bin/gcloud" };
const seen = (changes: Partial<Parameters<typeof findingOf>[1]>) =>
  findingOf(gcloud, { tunnels: 1, hasAnswer: true, output: "", isOverdue: false, ...changes });

test("a client that shows an answer, and no tunnel was opened for it, did not come through Gatehouse", () => {
  expect(seen({ tunnels: 0 })).toMatchObject({
    routed: false,
    trusted: false,
    authenticated: false,
    works: false,
  });
});

test.each([
  ["gcloud", "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer"],
  ["curl", "curl: (60) SSL certificate problem: unable to get local issuer certificate"],
  ["node", "Error: self-signed certificate in certificate chain"],
  ["go", "tls: failed to verify certificate: x509: certificate signed by unknown authority"],
])(
  "a client that refuses our certificate, in the words of %s, is routed and not trusting",
  (_name, output) => {
    expect(seen({ hasAnswer: false, output })).toMatchObject({ routed: true, trusted: false, works: false });
  },
);

test.each([
  ["curl", "HTTP/1.1 401 Unauthorized\nx-audit-record: log/1"],
  ["a script", "status 401 x-audit-record"],
  ["terraform", "googleapi: Error 401: The gateway token is not valid here, UNAUTHENTICATED"],
  ["bq", "x-audit-record {'error': {'code': 401}}"],
])("an answer that says 401, in the words of %s, is not authenticated", (_name, output) => {
  expect(seen({ output })).toMatchObject({ routed: true, trusted: true, authenticated: false, works: false });
});

test("a refusal of Gatehouse's for another reason is an answer like any: the client works", () => {
  expect(seen({ output: "status: 403 POLICY_DENIED x-audit-record, after 401 ms" })).toMatchObject({
    works: true,
  });
});

test("what is not recognised is not taken for an answer, and its last line is shown without a token", () => {
  const token = `${"e".repeat(40)}.${"y".repeat(40)}.${"J".repeat(40)}`;
  const finding = seen({ hasAnswer: false, output: `first\nbroken ${token} pipe` });
  expect(finding).toMatchObject({ routed: true, trusted: false, works: false });
  expect(finding.seen).toBe("no answer was recognised: broken … pipe");
});

test("a client that ran out of time is said to have, and everything that fails has a line that mends it", () => {
  const late = [seen({ tunnels: 0, isOverdue: true }), seen({ hasAnswer: false, isOverdue: true })];
  for (const { seen: words, mend } of late)
    expect([words.includes("in time"), mend]).toEqual([true, expect.any(String)]);
});
