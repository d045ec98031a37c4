import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import type { PolicyInput } from "#policy";
import {
  bench,
  type DataPlaneUnderTest,
  decision,
  errorOf,
  host,
  readUntil,
} from "../../test/fakes/data-plane-under-test.ts";

const target = "/upload/storage/v1/b/bkt/o?uploadType=multipart";
const related = { "content-type": "multipart/related; boundary=part" };

/** A data plane whose policies refuse what is privileged, and keep what they were asked. */
async function nothingPrivileged(): Promise<{ under: DataPlaneUnderTest; asked: PolicyInput[] }> {
  const under = await bench();
  const asked: PolicyInput[] = [];
  under.decide((input) => {
    asked.push(input);
    return decision(input.operation.class === "privileged" ? "deny" : "allow");
  });
  return { under, asked };
}

function upload(metadata: object, media: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`--part\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(metadata)}\r\n`),
    Buffer.from("--part\r\nContent-Type: application/octet-stream\r\n\r\n"),
    media,
    Buffer.from("\r\n--part--\r\n"),
  ]);
}

const everybody = { name: "x", acl: [{ entity: "allUsers", role: "READER" }] };
const sizes = [10, limits.judgedBodyBytesMax + 5, limits.digestedBodyBytesMax + 5];

test.each(sizes)(
  "an object of %i bytes that its metadata would show to everybody is refused",
  async (size) => {
    const { under, asked } = await nothingPrivileged();
    const body = upload(everybody, Buffer.alloc(size, 7));
    const answer = await under.send({ method: "POST", target, headers: related, body });
    expect(errorOf(answer).reason).toBe("POLICY_DENIED");
    expect(asked[0]?.operation).toMatchObject({ class: "privileged", flags: ["media", "exfil"] });
    expect(under.upstream.requests).toHaveLength(0);
  },
);

test.each(sizes)("an object of %i bytes for nobody new arrives as it was sent", async (size) => {
  const { under, asked } = await nothingPrivileged();
  const everyByte = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
  const body = upload({ name: "x", metadata: { a: "b" } }, Buffer.alloc(size, everyByte));
  for (const framing of [{}, { "transfer-encoding": "chunked" }]) {
    const answer = await under.send({ method: "POST", target, headers: { ...related, ...framing }, body });
    expect(answer.status).toBe(200);
    expect(under.upstream.requests.at(-1)?.body.equals(body)).toBe(true);
  }
  expect(asked.map(({ operation }) => operation.class)).toEqual(["write", "write"]);
});

test("however a multipart upload is cut into chunks, it is judged the same", async () => {
  const { under } = await nothingPrivileged();
  const body = upload(everybody, Buffer.from("bytes")).toString("latin1");
  for (const size of [1, 7]) {
    const socket = await under.tunnel();
    const head = `Host: ${host}\r\nContent-Type: ${related["content-type"]}\r\nTransfer-Encoding: chunked`;
    socket.write(`POST ${target} HTTP/1.1\r\n${head}\r\nConnection: close\r\n\r\n`);
    for (let at = 0; at < body.length; at += size) {
      const part = body.slice(at, at + size);
      socket.write(`${part.length.toString(16)}\r\n${part}\r\n`);
      await setImmediate();
    }
    socket.write("0\r\n\r\n");
    expect(await readUntil(socket)).toContain("POLICY_DENIED");
  }
  expect(under.upstream.requests).toHaveLength(0);
});

test("two content types of which one is harmless do not hide the metadata", async () => {
  const { under, asked } = await nothingPrivileged();
  const socket = await under.tunnel();
  const body = upload(everybody, Buffer.from("bytes"));
  const types = `Content-Type: image/png\r\nContent-Type: ${related["content-type"]}`;
  socket.write(
    `POST /upload/storage/v1/b/bkt/o?uploadType=media&name=x HTTP/1.1\r\nHost: ${host}\r\n${types}\r\n` +
      `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n`,
  );
  socket.write(body);
  await readUntil(socket);
  expect(asked.every(({ operation }) => operation.class === "privileged")).toBe(true);
  expect(under.upstream.requests).toHaveLength(0);
});

test("a session that is stopped while its body is waited for sends nothing", async () => {
  const { under } = await nothingPrivileged();
  const socket = await under.tunnel();
  const body = upload({ name: "x" }, Buffer.from("bytes"));
  socket.write(
    `POST ${target} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: ${related["content-type"]}\r\n` +
      `Expect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n`,
  );
  await readUntil(socket, (text) => text.includes("100 Continue"));
  under.authenticator.stop("ses_1");
  socket.write(body);
  await readUntil(socket);
  while (under.audit.entries.length === 0) await setImmediate();
  expect(under.upstream.requests).toHaveLength(0);
  expect(under.audit.entries).toMatchObject([{ kind: "exchange.refused" }]);
});
