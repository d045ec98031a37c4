import { spawnSync } from "node:child_process";
import { afterEach, expect, test } from "vitest";
import { parsePrometheusText } from "../../test/fakes/prometheus-text.ts";
import { type MetricsListener, openMetrics, openMetricsListener, type SinkMetrics } from "./index.ts";

const sink: SinkMetrics = { name: "siem", lagEntries: 12, lagMs: 3_500, isLagging: true, failures: 2 };
const source = {
  log: async () => ({ entries: 100, published: 98, signedAt: new Date("2026-11-28T12:00:00Z") }),
  sinks: () => [sink],
  now: () => new Date("2026-11-28T12:00:07Z"),
};

let listener: MetricsListener | undefined;
afterEach(async () => {
  await listener?.close();
  listener = undefined;
});

test("labels come from short lists: whatever else is said becomes other or unknown", async () => {
  const metrics = openMetrics(source);
  metrics.exchange("allow", "read");
  metrics.exchange("developer@example.com", "projects/secret-project");
  metrics.exchange("refused", undefined);
  const { body } = await metrics.text();
  expect(body).not.toMatch(/example|secret-project/);
  expect(
    [...parsePrometheusText(body)].filter(([series]) => series.startsWith("gatehouse_exchanges")),
  ).toEqual([
    ['gatehouse_exchanges_total{decision="allow",class="read"}', 1],
    ['gatehouse_exchanges_total{decision="other",class="unknown"}', 1],
    ['gatehouse_exchanges_total{decision="refused",class="unknown"}', 1],
  ]);
});

test("log and sinks are as they are at the scrape", async () => {
  const metrics = openMetrics(source);
  metrics.appended("exchange.intent");
  metrics.appendRefused();
  const samples = parsePrometheusText((await metrics.text()).body);
  expect(Object.fromEntries(samples)).toEqual({
    'gatehouse_audit_entries_appended_total{kind="exchange.intent"}': 1,
    gatehouse_audit_appends_refused_total: 1,
    gatehouse_audit_entries: 100,
    gatehouse_audit_published_entries: 98,
    gatehouse_audit_checkpoint_age_seconds: 7,
    'gatehouse_sink_lag_entries{sink="siem"}': 12,
    'gatehouse_sink_lag_seconds{sink="siem"}': 3.5,
    'gatehouse_sink_lagging{sink="siem"}': 1,
    'gatehouse_sink_failures{sink="siem"}': 2,
  });
});

test("the listener has metrics and nothing else", async () => {
  listener = await openMetricsListener(openMetrics(source), { host: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${listener.port}`;
  const answer = await fetch(`${url}/metrics`);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([
    200,
    "text/plain; version=0.0.4; charset=utf-8",
  ]);
  expect(parsePrometheusText(await answer.text()).size).toBeGreaterThan(5);
  expect((await fetch(`${url}/`)).status).toBe(404);
  expect((await fetch(`${url}/metrics`, { method: "POST" })).status).toBe(405);
});

test("a taken port is an error with its address", async () => {
  listener = await openMetricsListener(openMetrics(source), { host: "127.0.0.1", port: 0 });
  const again = openMetricsListener(openMetrics(source), { host: "127.0.0.1", port: listener.port });
  await expect(again).rejects.toMatchObject({ code: "listen_failed" });
});

const isPromtoolThere = spawnSync("promtool", ["--version"]).status === 0;
if (!isPromtoolThere) process.stderr.write("promtool: skipped, it is not installed (Debian: prometheus)\n");

test.skipIf(!isPromtoolThere)("promtool has nothing to object to", async () => {
  const metrics = openMetrics(source);
  metrics.appended("exchange.intent");
  metrics.exchange("allow", "read");
  const checked = spawnSync("promtool", ["check", "metrics"], { input: (await metrics.text()).body });
  expect([checked.status, checked.stderr.toString() + checked.stdout.toString()]).toEqual([0, ""]);
});
