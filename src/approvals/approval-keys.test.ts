import fc from "fast-check";
import { expect, test } from "vitest";
import { type FingerprintInput, fingerprint, type MatchKeyInput, matchKey } from "./index.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const reviewed: FingerprintInput = {
  principalId: "p",
  agent: "cursor",
  sessionId: "ses_1",
  connection: "prod",
  connectionVersion: "c1",
  host: "storage.googleapis.com",
  method: "DELETE",
  target: "/storage/v1/b/precious?ifMetagenerationMatch=1",
  body: bytes("{}"),
  policyVersion: "v1",
};

test.each([
  { principalId: "q" },
  { agent: "other" },
  { sessionId: "ses_2" },
  { connection: "staging" },
  { connectionVersion: "c2" },
  { host: "compute.googleapis.com" },
  { method: "PUT" },
  { target: "/storage/v1/b/precious?ifMetagenerationMatch=2" },
  { target: "/storage/v1/b/%70recious?ifMetagenerationMatch=1" },
  { body: bytes("{ }") },
  { policyVersion: "v2" },
])("a fingerprint does not survive any change of what was reviewed: %j", (change) => {
  expect(fingerprint({ ...reviewed, ...change })).not.toBe(fingerprint(reviewed));
});

test("a character moved from one field to the next changes the fingerprint", () => {
  const moved = { ...reviewed, method: "DELET", host: "storage.googleapis.comE" };
  expect(fingerprint(moved)).not.toBe(fingerprint(reviewed));
  expect(fingerprint({ ...reviewed, agent: "ab", sessionId: "c" })).not.toBe(
    fingerprint({ ...reviewed, agent: "a", sessionId: "bc" }),
  );
});

test("the fingerprint of the same request is always the same, 64 hex digits", () => {
  expect(fingerprint(reviewed)).toBe(fingerprint({ ...reviewed, body: bytes("{}") }));
  expect(fingerprint(reviewed)).toMatch(/^[0-9a-f]{64}$/);
});

const sent: MatchKeyInput = {
  principalId: "p",
  agent: "cursor",
  connection: "prod",
  host: "cloudfunctions.googleapis.com",
  method: "POST",
  operationId: "cloudfunctions.projects.locations.functions.create",
  resourceName: "projects/p/locations/l",
  query: new Map([
    ["functionId", "greet"],
    ["requestId", "1"],
  ]),
  repeatedQuery: new Map([["updateMask.fieldPaths", ["x", "y"]]]),
  contentType: "application/json",
  body: bytes(
    '{"name":"greet","source":{"object":"upload-1","bucket":"b"},"entries":[{"id":"1","text":"x"}]}',
  ),
  volatileFields: ["requestId", "source.object", "entries.id", 'labels["example.com/nonce"]'],
};
const withBody = (text: string, change: Partial<MatchKeyInput> = {}) =>
  matchKey({ ...sent, ...change, body: bytes(text) });

test.each([
  { principalId: "q" },
  { agent: "other" },
  { connection: "staging" },
  { host: "us-central1-run.googleapis.com" },
  { method: "PATCH" },
  { operationId: "cloudfunctions.projects.locations.functions.patch" },
  { resourceName: "projects/q/locations/l" },
  { query: new Map([["functionId", "other"]]) },
  { query: new Map<string, string>() },
  { body: bytes('{"name":"other"}') },
  { repeatedQuery: undefined },
  { repeatedQuery: new Map([["updateMask.fieldPaths", ["password", "role"]]]) },
  { repeatedQuery: new Map([["updateMask.fieldPaths", ["x", "y", "password"]]]) },
  { repeatedQuery: new Map([["other", ["x", "y"]]]) },
])("another call does not find this one's approval request: %j", (change) => {
  expect(matchKey({ ...sent, ...change })).not.toBe(matchKey(sent));
});

test("what the client makes up anew for each run does not matter, in query and body, inside arrays too", () => {
  const again = matchKey({
    ...sent,
    query: new Map([
      ["requestId", "2"],
      ["functionId", "greet"],
    ]),
    body: bytes(
      '{ "entries": [{"text":"x","id":"2"}], "source": {"bucket":"b","object":"upload-2"}, "name": "greet" }',
    ),
  });
  expect(again).toBe(matchKey(sent));
});

test("a volatile name matters elsewhere: only the member on that path is left out", () => {
  expect(withBody('{"object":"1"}')).not.toBe(withBody('{"object":"2"}'));
  expect(withBody('{"source":{"bucket":"a"}}')).not.toBe(withBody('{"source":{"bucket":"b"}}'));
  expect(withBody('{"labels":{"example.com/nonce":"1"}}')).toBe(
    withBody('{"labels":{"example.com/nonce":"2"}}'),
  );
  expect(withBody('{"labels":{"example":{"com/nonce":"1"}}}')).not.toBe(
    withBody('{"labels":{"example":{"com/nonce":"2"}}}'),
  );
});

test("numbers that JavaScript cannot tell apart are still two numbers", () => {
  expect(withBody('{"n":9007199254740993}')).not.toBe(withBody('{"n":9007199254740992}'));
});

test("a body that is no JSON counts byte by byte, however deep or broken", () => {
  expect(withBody('{"name":')).not.toBe(withBody('{"name": '));
  expect(withBody("[".repeat(1_000_000))).toMatch(/^[0-9a-f]{64}$/);
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  expect(withBody(deep)).toMatch(/^[0-9a-f]{64}$/);
});

test("a multipart body is the same under another boundary", () => {
  const multipart = (boundary: string, text = "x") =>
    withBody(`--${boundary}\r\n\r\n${text}\r\n--${boundary}--`, {
      contentType: `multipart/related; boundary="${boundary}"`,
    });
  expect(multipart("===1===")).toBe(multipart("===2==="));
  expect(multipart("===1===")).not.toBe(multipart("===1===", "y"));
});

test("the order of JSON members never matters, and their values always do", () => {
  const json = fc.jsonValue({ maxDepth: 4 });
  fc.assert(
    fc.property(fc.dictionary(fc.string(), json), fc.dictionary(fc.string(), json), (one, other) => {
      const reversed = Object.fromEntries(Object.entries(one).reverse());
      const key = (value: unknown) => withBody(JSON.stringify(value), { volatileFields: [] });
      expect(key(reversed)).toBe(key(one));
      const isSame = JSON.stringify(sortedDeep(one)) === JSON.stringify(sortedDeep(other));
      expect(key(one) === key(other)).toBe(isSame);
    }),
  );
});

function sortedDeep(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedDeep);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, member]: [string, unknown]) => [name, sortedDeep(member), "member"]);
}
