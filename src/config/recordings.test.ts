import { expect, test } from "vitest";
import { z } from "zod";
import { recordings } from "./recordings.ts";

const key = "projects/p/locations/global/keyRings/r/cryptoKeys/k";

test.each<[string, unknown, string]>([
  [
    "a key of one version",
    { keys: { provider: "google_kms", key: `${key}/cryptoKeyVersions/1` } },
    "keys.key",
  ],
  ["a key service without a key", { keys: { provider: "google_kms" } }, "keys.key"],
  ["a provider nobody knows", { keys: { provider: "vault" } }, "keys.provider"],
  [
    "an endpoint in clear",
    { keys: { provider: "google_kms", key, endpoint: "http://kms.example" } },
    "keys.endpoint",
  ],
  ["times to keep without a default", { keep: { read: 30 } }, "keep.default"],
  ["less than a day", { keep: { default: 0 } }, "keep.default"],
  ["a class that is none", { keep: { default: 30, reads: 1 } }, "keep"],
])("%s is refused", (_, written, path) => {
  const parsed = recordings.safeParse(written);
  const paths = parsed.success ? [] : parsed.error.issues.map((issue) => issue.path.join("."));
  expect(paths).toContain(path);
});

test("nothing written means the key file, and keeping for ever", () => {
  expect(recordings.parse({})).toEqual({ keys: { provider: "file" } });
  expect(z.object({ recordings: recordings.prefault({}) }).parse({}).recordings.keep).toBeUndefined();
});
