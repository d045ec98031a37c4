import { expect, test } from "vitest";
import { holdFor } from "./hold.ts";

const minute = 60_000;
const agent = (name: string) => holdFor([["User-Agent", name]]);

test.each([
  ["google-cloud-sdk gcloud/528.0.0 command/gcloud.projects.list", 30 * minute, 100, 120_000],
  ["apitools Python/3.12.8 gsutil/5.34 (linux) analytics/disabled", 30 * minute, 100, 25_000],
  ["google-cloud-sdk bq/2.1.18 (gzip)", 30 * minute, 100, 25_000],
  ["Python-httplib2/0.22.0 (gzip)", 30 * minute, 100, 25_000],
  ["python-requests/2.32", 30 * minute, 100, 25_000],
  ["node", 10 * minute, 103, 120_000],
  ["undici", 10 * minute, 103, 120_000],
  [
    "Terraform/1.11.4 Terraform-Plugin-SDK/2.33.0 terraform-provider-google/6.0",
    80_000,
    undefined,
    undefined,
  ],
  ["Terraform/1.11.4", 10 * minute, undefined, undefined],
  ["kubectl/v1.32.0", 10 * minute, undefined, undefined],
  ["Go-http-client/2.0", 10 * minute, undefined, undefined],
  ["curl/8.5.0", 30 * minute, undefined, undefined],
  ["google-api-nodejs-client/9.15.0", 30 * minute, undefined, undefined],
  ["axios/1.7.0", 30 * minute, undefined, undefined],
  ["Java/17.0.15", 15_000, undefined, undefined],
  ["Google-HTTP-Java-Client/1.45.0 (gzip)", 15_000, undefined, undefined],
  ["something-else/1.0", 50_000, undefined, undefined],
])("%s is held as it was measured to bear", (name, atMostMs, status, everyMs) => {
  const hold = agent(name);
  expect(hold.atMostMs).toBe(atMostMs);
  expect(hold.interim?.status).toBe(status);
  expect(hold.interim?.everyMs).toBe(everyMs);
});

test("a client that says nothing about itself is held shortest of the unknown ones, without interim replies", () => {
  expect(holdFor([])).toEqual({ atMostMs: 50_000, interim: undefined });
});

test("a name that merely contains node or undici gets no 103", () => {
  expect(agent("my-node-app").interim).toBeUndefined();
  expect(agent("undici/7.0").interim).toBeUndefined();
});
