import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import type { PolicyInput } from "#policy";
import {
  bench,
  type DataPlaneUnderTest,
  decision,
  errorOf,
  readUntil,
} from "../../test/fakes/data-plane-under-test.ts";
import { operationOf } from "../../test/fakes/small-catalogue.ts";

const host = "bigquery.googleapis.com";
const target = "/bigquery/v2/projects/prod/queries";
const json = { "content-type": "application/json" };
const routes = [
  {
    method: "POST",
    path: /^\/bigquery\/v2\/projects\/prod\/queries$/,
    operation: operationOf("bigquery.jobs.query", { class: "destructive", flags: ["exec"] }),
  },
] as const;

const read = JSON.stringify({ query: "SELECT 1", useLegacySql: false });
const drop = JSON.stringify({ query: "DROP TABLE d.t", useLegacySql: false });

/** A data plane whose policies allow reads and refuse the rest, and keep what they were asked. */
async function readsOnly(): Promise<{ under: DataPlaneUnderTest; asked: PolicyInput[] }> {
  const under = await bench({ routes });
  const asked: PolicyInput[] = [];
  under.decide((input) => {
    asked.push(input);
    return decision(input.operation.class === "read" ? "allow" : "deny");
  });
  return { under, asked };
}

const post = async (
  under: DataPlaneUnderTest,
  body: string | Buffer,
  headers: Record<string, string> = json,
) =>
  under.send({
    method: "POST",
    target,
    headers: { host, ...headers },
    body,
    socket: await under.tunnel({ host }),
  });

test("policies see what the body does: a SELECT passes, a DROP does not, and neither loses a byte", async () => {
  const { under, asked } = await readsOnly();
  expect((await post(under, read)).status).toBe(200);
  expect(errorOf(await post(under, drop)).reason).toBe("POLICY_DENIED");
  expect(asked.map(({ operation }) => [operation.class, [...operation.flags]])).toEqual([
    ["read", []],
    ["destructive", ["exec"]],
  ]);
  expect(under.upstream.requests.map(({ body }) => body.toString())).toEqual([read]);
});

test("the record has the class of this call and the reason its body gave", async () => {
  const { under } = await readsOnly();
  await post(under, read);
  await post(under, drop);
  expect(under.audit.entries).toMatchObject([
    {
      kind: "exchange.intent",
      class: "read",
      detail: { classReason: "its body says so: its SQL only reads" },
    },
    { kind: "exchange.outcome", class: "read" },
    {
      kind: "exchange.refused",
      class: "destructive",
      detail: { classReason: "its body says so: its SQL: DROP removes" },
    },
  ]);
});

test("a second query member does not get past a policy that allows reads", async () => {
  const { under } = await readsOnly();
  const twice = '{"query":"SELECT 1","useLegacySql":false,"query":"DROP TABLE d.t"}';
  expect(errorOf(await post(under, twice)).reason).toBe("POLICY_DENIED");
  expect(under.upstream.requests).toHaveLength(0);
});

test("however the body is cut into chunks, it is judged and forwarded as a whole", async () => {
  const { under, asked } = await readsOnly();
  for (const size of [1, 7, read.length]) {
    const socket = await under.tunnel({ host });
    socket.write(
      `POST ${target} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n`,
    );
    for (let at = 0; at < read.length; at += size) {
      const part = read.slice(at, at + size);
      socket.write(`${part.length.toString(16)}\r\n${part}\r\n`);
      await setImmediate();
    }
    socket.write("0\r\n\r\n");
    expect(await readUntil(socket)).toMatch(/^HTTP\/1\.1 200 /);
    expect(under.upstream.requests.at(-1)?.body.toString()).toBe(read);
  }
  expect(asked.map(({ operation }) => operation.class)).toEqual(["read", "read", "read"]);
});

test("a client that expects 100 Continue gets it before its body is waited for", async () => {
  const { under } = await readsOnly();
  const socket = await under.tunnel({ host });
  socket.write(
    `POST ${target} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: ${read.length}\r\n\r\n`,
  );
  const interim = await readUntil(socket, (text) => text.includes("\r\n\r\n"));
  expect(interim).toMatch(/^HTTP\/1\.1 100 Continue\r\n/);
  const rest = readUntil(socket);
  socket.write(read);
  const answer = await rest;
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  expect(answer).not.toContain("100 Continue");
  expect(under.upstream.requests[0]?.body.toString()).toBe(read);
});

test.each(["with a length", "chunked"])(
  "a body too long to be judged %s keeps the worst case, and arrives whole",
  async (form) => {
    const under = await bench({ routes });
    const asked: PolicyInput[] = [];
    under.decide((input) => {
      asked.push(input);
      return decision("allow");
    });
    const body = Buffer.from(
      JSON.stringify({
        query: "SELECT 1",
        useLegacySql: false,
        labels: { a: "x".repeat(2 * limits.judgedBodyBytesMax) },
      }),
    );
    const framing: Record<string, string> =
      form === "chunked" ? { "transfer-encoding": "chunked" } : { "content-length": String(body.length) };
    expect((await post(under, body, { ...json, ...framing })).status).toBe(200);
    expect(asked[0]?.operation).toMatchObject({ class: "privileged", flags: ["exec"] });
    expect(under.audit.entries[0]).toMatchObject({
      detail: {
        classReason: "the worst it can be, as its body does not rule it out: it is too long to be read",
      },
    });
    expect(under.upstream.requests[0]?.body.equals(body)).toBe(true);
  },
);

test("a body that breaks off is refused and on record, and nothing was decided or sent", async () => {
  const { under, asked } = await readsOnly();
  const socket = await under.tunnel({ host });
  socket.write(
    `POST ${target} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"query":`,
  );
  await setImmediate();
  socket.destroy();
  while (under.audit.entries.length === 0) await setImmediate();
  expect(under.audit.entries).toMatchObject([{ kind: "exchange.refused", decision: "client_gone" }]);
  expect(asked).toHaveLength(0);
  expect(under.upstream.requests).toHaveLength(0);
});

test("a compressed body keeps the worst case", async () => {
  const { under, asked } = await readsOnly();
  await post(under, read, { ...json, "content-encoding": "gzip" });
  await post(under, read, { ...json, "content-transfer-encoding": "base64" });
  expect(asked.map(({ operation }) => operation.class)).toEqual(["privileged", "privileged"]);
  expect(under.upstream.requests).toHaveLength(0);
});

test("an approver is told what the body does, and the bytes that were judged are the bytes that run", async () => {
  const under = await bench({ routes });
  const asked: string[] = [];
  under.decide((input) => {
    asked.push(input.operation.class);
    return decision(input.operation.class === "read" ? "allow" : "require_approval");
  });
  const answering = post(under, drop);
  const id = await under.desk.someoneWaits();
  const held = under.desk.requests.get(id);
  expect(held).toMatchObject({ operationClass: "destructive" });
  expect(held?.preview).toContain("\n(destructive: its body says so: its SQL: DROP removes)\n\n{");
  under.desk.move(id, "approved");
  expect((await answering).status).toBe(200);
  // When it arrived, before it was claimed, and the held bytes before they ran.
  expect(asked).toEqual(["destructive", "destructive", "destructive"]);
  expect(under.upstream.requests.map(({ body }) => body.toString())).toEqual([drop]);
  expect(under.audit.entries).toMatchObject([
    {
      kind: "exchange.intent",
      approvalId: id,
      class: "destructive",
      detail: { classReason: "its body says so: its SQL: DROP removes" },
    },
    { kind: "exchange.outcome" },
  ]);
});

test("a body too long to be judged when it arrived is not judged as a whole when it was approved", async () => {
  const under = await bench({ routes });
  const asked: string[] = [];
  under.decide((input) => {
    asked.push(input.operation.class);
    return decision(input.operation.class === "read" ? "allow" : "require_approval");
  });
  const long = JSON.stringify({
    query: "SELECT 1",
    useLegacySql: false,
    labels: { a: "x".repeat(limits.judgedBodyBytesMax) },
  });
  const answering = post(under, long);
  under.desk.move(await under.desk.someoneWaits(), "approved");
  expect((await answering).status).toBe(200);
  expect(asked).toEqual(["privileged", "privileged", "privileged"]);
  expect(under.upstream.requests.map(({ body }) => body.toString())).toEqual([long]);
});
