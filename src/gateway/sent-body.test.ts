import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { planMasking } from "#masking";
import { bufferedBody } from "./outgoing-body.ts";
import { maskWhole, sentBody } from "./sent-body.ts";

const plan = planMasking(
  { fields: [], names: [], patterns: [], version: "" },
  {
    operation: "storage.buckets.insert",
    direction: "request",
    contentType: "application/json",
    contentEncoding: undefined,
    shape: undefined,
    placeholder: (path) => `[masked ${path}]`,
    ownCredentials: [],
  },
);
const beginning = '{"name":"logs","password":"correct-horse-battery","values":[';
const large = Buffer.from(`${beginning}${"1,".repeat(limits.recordedBodyBytesMax)}1]}`);

test("of a large body only what may be kept is masked, so that it does not hold up everybody's calls", async () => {
  const { digest, recording } = await sentBody(bufferedBody(large), plan).finish();
  expect(digest.bytes).toBe(large.length);
  expect(recording?.isTruncated).toBe(true);
  expect(recording?.bytes.length).toBeLessThanOrEqual(limits.recordedBodyBytesMax);
  const text = Buffer.from(recording?.bytes ?? []).toString();
  expect(text).toMatch(/^\{"name":"logs","password":"\[masked /);
  expect(text.length).toBeGreaterThan(limits.recordedBodyBytesMax / 2);
});

test("what people see of a large body is its masked beginning, said to be no more than that", async () => {
  const masked = await maskWhole(large, plan);
  expect(masked?.isTruncated).toBe(true);
  const shown = Buffer.from(masked?.bytes ?? []).toString();
  expect(shown).toMatch(/^\{"name":"logs","password":"\[masked /);
  expect(shown.length).toBeLessThanOrEqual(limits.recordedBodyBytesMax);
});
