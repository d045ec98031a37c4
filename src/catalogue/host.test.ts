import { expect, test } from "vitest";
import { canonicalHost, isBucketName, servicesOf } from "./host.ts";

const services = servicesOf([
  "run.googleapis.com",
  "secretmanager.googleapis.com",
  "storage.googleapis.com",
  "www.googleapis.com",
]);
const known = { services, universeDomains: [], recognised: new Map() };

test.each([
  "",
  "googleapis.com",
  "evil-secretmanager.googleapis.com",
  "secretmanager.googleapis.com.evil.example",
  "secretmanager.googleapis.com:8443",
  "secretmanager.googleapis.com:443:443",
  "secretmanager.googleapis.com..",
  "secretmanager.googleapis.com@evil.example",
  "user@secretmanager.googleapis.com",
  "secretmanager.googleapis.com/",
  "secretmanager.googleapis.com\u0000",
  "secretmanager.googleap\u0131s.com",
  "\u212Aun.googleapis.com",
  "evil-run.googleapis.com",
  "us-central1-secretmanager.googleapis.com",
  "us-central1-evil-run.googleapis.com",
  "us-central1.run.googleapis.com",
  "storage.evil.rep.googleapis.com",
  "storage.us-east1.rep.evil.googleapis.com",
  "unknown.mtls.googleapis.com",
  "a.secretmanager.mtls.googleapis.com",
  "secretmanager.sandbox.googleapis.com",
  "content-storage.googleapis.com",
  "secretmanager-acme.p.googleapis.com",
  "169.254.169.254",
  "metadata.google.internal",
  "..storage.googleapis.com",
  ".storage.googleapis.com",
  "-x-.storage.googleapis.com",
])("the host %j is nobody we know", (host) => {
  expect(canonicalHost(host, known)).toBeUndefined();
});

test.each([
  ["secretmanager.googleapis.com", "secretmanager.googleapis.com", undefined],
  ["SecretManager.GoogleAPIs.com", "secretmanager.googleapis.com", undefined],
  ["secretmanager.googleapis.com.", "secretmanager.googleapis.com", undefined],
  ["secretmanager.googleapis.com:443", "secretmanager.googleapis.com", undefined],
  ["secretmanager.googleapis.com.:443", "secretmanager.googleapis.com", undefined],
  ["secretmanager.mtls.googleapis.com", "secretmanager.googleapis.com", undefined],
  ["storage.us-east1.rep.googleapis.com", "storage.googleapis.com", "us-east1"],
  ["storage.eu.rep.googleapis.com", "storage.googleapis.com", "eu"],
  ["us-central1-run.googleapis.com", "run.googleapis.com", "us-central1"],
  ["northamerica-northeast2-run.googleapis.com", "run.googleapis.com", "northamerica-northeast2"],
])("the host %s is %s, location %s", (host, service, location) => {
  expect(canonicalHost(host, known)).toMatchObject({ service, location, bucket: undefined });
});

test("a bucket may be the first label of the storage host, dots and all", () => {
  expect(canonicalHost("bkt.storage.googleapis.com", known)).toMatchObject({ bucket: "bkt" });
  expect(canonicalHost("assets.acme.example.storage.googleapis.com", known)).toMatchObject({
    bucket: "assets.acme.example",
  });
});

test.each([
  "ab",
  "UPPER",
  "a..b",
  "-ab",
  "ab-",
  "a b",
  "a/b",
  "a%2Fb",
  "a".repeat(64),
  `${"a.".repeat(120)}a`,
  "google.x/",
])("%j is no name of a bucket", (name) => {
  expect(isBucketName(name)).toBe(false);
});
