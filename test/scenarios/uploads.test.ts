import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import type { AgentOf } from "./test-agent.ts";
import { startWorld, type World } from "./world.ts";

let world: World;
let agent: AgentOf;
let stranger: AgentOf;
beforeAll(async () => {
  world = await startWorld();
  agent = await world.agent();
  stranger = await world.agent();
}, 60_000);
afterAll(async () => {
  await Promise.all([agent.close(), stranger.close()]);
  await world.close();
});

const functions =
  "https://cloudfunctions.googleapis.com/v2/projects/practice-project/locations/us-central1/functions";
const json = { "content-type": "application/json" };
const puts = (): number => world.quickStart.cloud.count({ method: "PUT" });

async function uploadUrl(): Promise<string> {
  const { status, text } = await agent.call("POST", `${functions}:generateUploadUrl`, "{}", json);
  expect(status).toBe(200);
  return z.object({ uploadUrl: z.string() }).parse(JSON.parse(text)).uploadUrl;
}

test("a signed upload URL reaches the agent as a handle without Google's signature, and works once it is used as issued", async () => {
  const url = await uploadUrl();
  expect(url).not.toMatch(/signature/i);
  const reply = await agent.call("PUT", url, "zip bytes", { "content-type": "application/zip" });
  expect(reply.status).toBe(200);
});

test("a signed upload URL of another session is refused and does not arrive", async () => {
  const url = await uploadUrl();
  const before = puts();
  const reply = await stranger.call("PUT", url, "zip bytes", { "content-type": "application/zip" });
  expect(reply.status).toBe(403);
  expect(puts()).toBe(before);
});

test("a handle used for another object is refused and does not arrive", async () => {
  const url = new URL(await uploadUrl());
  url.pathname = `${url.pathname}x`;
  const before = puts();
  expect((await agent.call("PUT", url.href, "zip bytes", { "content-type": "application/zip" })).status).toBe(
    403,
  );
  expect(puts()).toBe(before);
});

test("a signed URL that was not issued through Gatehouse is refused and does not arrive", async () => {
  const before = puts();
  const foreign =
    "https://storage.googleapis.com/practice-bucket/x?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Signature=00";
  expect((await agent.call("PUT", foreign, "bytes")).status).toBe(403);
  expect(puts()).toBe(before);
});

test("a resumable upload runs under a handle of its session and arrives byte for byte", async () => {
  const start = await agent.call(
    "POST",
    "https://storage.googleapis.com/upload/storage/v1/b/practice-bucket/o?uploadType=resumable&name=r.bin",
    "{}",
    json,
  );
  expect(start.status).toBe(200);
  const location = z.string().parse(start.headers["location"]);
  const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 251));
  const before = puts();
  expect((await stranger.call("PUT", location, bytes)).status).toBe(403);
  expect(puts()).toBe(before);
  expect((await agent.call("PUT", location, bytes)).status).toBe(200);
  const back = await agent.call(
    "GET",
    "https://storage.googleapis.com/download/storage/v1/b/practice-bucket/o/r.bin?alt=media",
  );
  expect(back.status).toBe(200);
  expect(back.headers["content-length"]).toBe("70000");
});
