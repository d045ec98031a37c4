import { expect, test } from "vitest";
import { parseConfiguration } from "./load.ts";

const sound = `
identity:
  issuers:
    - { issuer: "http://127.0.0.1:8442", agent_client: a, console_client: c, web_client: w, development: true }
  roles: { agent-user: [engineering], approver: [sre], auditor: [audit], policy-admin: [platform] }
connections:
  - { name: practice, identity: { kind: none }, endpoint: "http://127.0.0.1:8443" }
policies: [policies]
`;
const withSink = (sink: string) => parseConfiguration("gatehouse.yaml", `${sound}sinks:\n  - { ${sink} }\n`);

const bucket = "kind: object_store, name: a, bucket: logs, access_key: { env: A }, secret_key: { file: s }";
test.each([
  ["a kind nobody knows", "kind: carrier_pigeon, name: a", /sinks\.0/],
  [
    "a webhook in clear",
    "kind: webhook, name: a, url: 'http://siem.example.com', secrets: [{ env: A }]",
    /must be https/,
  ],
  [
    "a webhook with a password",
    "kind: webhook, name: a, url: 'https://a:b@siem.example.com', secrets: [{ env: A }]",
    /name or a password/,
  ],
  [
    "a webhook without a secret",
    "kind: webhook, name: a, url: 'https://siem.example.com', secrets: []",
    /secrets/,
  ],
  [
    "a secret written down",
    "kind: webhook, name: a, url: 'https://siem.example.com', secrets: [whsec_abc]",
    /secrets\.0/,
  ],
  ["a receiver that is a URL", "kind: syslog, name: a, host: 'siem.example.com/x'", /must be a host name/],
  ["a store below a path", `${bucket}, endpoint: 'https://s3.example.com/x'`, /must end after host and port/],
  [
    "a prefix that leads elsewhere",
    `${bucket}, endpoint: 'https://s3.example.com', prefix: '../x'`,
    /prefix/,
  ],
  ["a misspelt fence", "kind: file, name: a, path: x, detial: true", /detial/],
  ["a batch without end", "kind: file, name: a, path: x, batch: { entries: 100000 }", /batch\.entries/],
])("%s is refused", (_, sink, why) => {
  expect(() => withSink(sink)).toThrow(why);
});

test("two sinks of one name are refused, since they would share a cursor", () => {
  const two = `${sound}sinks:\n  - { kind: file, name: a, path: x }\n  - { kind: file, name: a, path: y }\n`;
  expect(() => parseConfiguration("gatehouse.yaml", two)).toThrow(/names must differ/);
});

test("details stay here and private networks are left alone unless the operator says otherwise", () => {
  const [sink] = withSink(
    "kind: webhook, name: a, url: 'https://siem.example.com', secrets: [{ env: A }]",
  ).sinks;
  expect(sink).toMatchObject({
    detail: false,
    private: false,
    form: "ocsf",
    batch: { entries: 200, seconds: 1 },
  });
});

test("metrics are off unless configured, and then on loopback", () => {
  expect(parseConfiguration("gatehouse.yaml", sound).metrics).toBeUndefined();
  expect(parseConfiguration("gatehouse.yaml", `${sound}metrics: {}\n`).metrics).toEqual({
    host: "127.0.0.1",
    port: 8449,
  });
  expect(() => parseConfiguration("gatehouse.yaml", `${sound}metrics: { host: 0.0.0.0 }\n`)).toThrow(
    /only loopback/,
  );
});

test("two sinks that would write to one file are refused, however its path is spelt", () => {
  const two = (path: string) =>
    parseConfiguration(
      "gatehouse.yaml",
      `${sound}sinks:\n  - { kind: file, name: a, path: log/a.jsonl }\n  - { kind: file, name: b, path: ${path} }\n`,
    );
  expect(() => two("./log/../log//a.jsonl")).toThrow(/each file is written by one sink/);
  expect(two("log/b.jsonl").sinks).toHaveLength(2);
});
