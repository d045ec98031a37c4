import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type ApprovalDetail, approvalList } from "#api";
import { entries } from "./log-entries.ts";
import type { AgentOf } from "./test-agent.ts";
import { startWorld, type World } from "./world.ts";

// The shipped policies let agents write and hold what is destructive or privileged. Which of these a call is, its body says.
let world: World;
let agent: AgentOf;
beforeAll(async () => {
  world = await startWorld();
  agent = await world.agent();
}, 60_000);
afterAll(async () => {
  await agent.close();
  await world.close();
});

const bucket = "https://storage.googleapis.com/storage/v1/b/practice-bucket";
const service = "https://cloudresourcemanager.googleapis.com/v1/projects/practice-project:setIamPolicy";
const json = { "content-type": "application/json" };
const patch = (body: object) => agent.call("PATCH", bucket, JSON.stringify(body), json);

/** Waits until somebody is asked, and says yes. */
async function approveNext(): Promise<ApprovalDetail> {
  const token = await world.identityToken("approver@example.com", "gatehouse-console");
  const asked = await vi.waitFor(async () => {
    const { text } = await world.control("GET", "/api/v1/approvals", token);
    const [first] = approvalList.parse(JSON.parse(text)).approvals.filter(({ state }) => state === "pending");
    if (first === undefined) throw new Error("nobody is asked yet");
    return first;
  });
  const vote = { verdict: "approve", reason: "looked at", fingerprint: asked.fingerprint };
  expect((await world.control("POST", `/api/v1/approvals/${asked.id}/votes`, token, vote)).status).toBe(200);
  return asked;
}

test("a bucket gets a label at once", async () => {
  expect((await patch({ labels: { team: "a" } })).status).toBe(200);
  expect(await lastIntent()).toMatchObject({ operation: "storage.buckets.patch", class: "write" });
});

test("the same method with rules that delete objects waits for a person, who is told why", async () => {
  const answering = patch({ lifecycle: { rule: [{ action: { type: "Delete" }, condition: { age: 1 } }] } });
  const asked = await approveNext();
  expect(asked).toMatchObject({ operation: "storage.buckets.patch", class: "destructive" });
  expect(asked.preview).toContain("its body says so: its lifecycle rules delete objects");
  expect((await answering).status).toBe(200);
  expect(await lastIntent()).toMatchObject({ operation: "storage.buckets.patch", class: "destructive" });
});

test("a policy that lets everybody in says so to whoever is asked", async () => {
  const bindings = [{ role: "roles/viewer", members: ["allUsers"] }];
  const answering = agent.call("POST", service, JSON.stringify({ policy: { bindings } }), json);
  const asked = await approveNext();
  expect(asked).toMatchObject({
    operation: "cloudresourcemanager.projects.setIamPolicy",
    class: "privileged",
  });
  expect(asked.preview).toContain("gives roles/viewer to allUsers");
  expect((await answering).status).toBe(200);
});

test("two spellings of one list of access are not taken for a harmless one", async () => {
  const answering = agent.call("PATCH", bucket, '{"acl":[],"ACL":[{"entity":"allUsers"}]}', json);
  const asked = await approveNext();
  expect(asked).toMatchObject({ operation: "storage.buckets.patch", class: "privileged" });
  expect(asked.preview).toContain("spells a member oddly");
  await answering;
});

async function lastIntent() {
  return (await entries(world.data)).findLast(({ kind }) => kind === "exchange.intent");
}
