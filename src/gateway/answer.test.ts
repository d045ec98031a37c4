import { expect, test } from "vitest";
import { bench, type DataPlaneUnderTest, upstreamToken } from "../../test/fakes/data-plane-under-test.ts";
import { jsonAnswer, rawAnswer } from "../../test/fakes/scripted-upstream.ts";

const target = "/storage/v1/b/logs";
const download = "/download/storage/v1/b/logs/o/x?alt=media";

/** Everything an agent could look at, and everything that is kept. */
function nowhere(under: DataPlaneUnderTest, seen: string): void {
  const needles = [
    upstreamToken,
    encodeURIComponent(upstreamToken),
    Buffer.from(upstreamToken).toString("base64").slice(0, 40),
  ];
  for (const needle of needles) {
    expect(seen).not.toContain(needle);
    expect(under.audit.text()).not.toContain(needle);
    expect(under.log.join("")).not.toContain(needle);
  }
}

test("an upstream that echoes the credential in headers does not get it past us", async () => {
  const inBase64 = Buffer.from(`x${upstreamToken}y`).toString("base64");
  const under = await bench({
    script: jsonAnswer(
      { ok: true },
      {
        "x-echo": `Bearer ${upstreamToken}`,
        "x-echo-percent": encodeURIComponent(upstreamToken),
        "x-echo-base64": `a.${inBase64}`,
        [`x-${upstreamToken.replace(/[^a-z0-9-]/g, "")}`]: "harmless",
        "set-cookie": "session=1",
        "alt-svc": 'h3=":443"',
        "x-kept": "yes",
      },
    ),
  });
  const answer = await under.send({ target });
  expect(answer.headers["x-kept"]).toBe("yes");
  for (const gone of ["x-echo", "x-echo-percent", "x-echo-base64", "set-cookie", "alt-svc"]) {
    expect(answer.headers[gone], gone).toBeUndefined();
  }
  nowhere(under, JSON.stringify(answer));
});

test.each(["application/json", "text/plain", "application/octet-stream"])(
  "an upstream that echoes the credential in a %s body does not get it past us, however it is chunked",
  async (type) => {
    const inBase64 = Buffer.from(`Authorization: Bearer ${upstreamToken}`).toString("base64");
    const body = JSON.stringify({
      a: upstreamToken,
      b: `x ${encodeURIComponent(upstreamToken)} y`,
      c: inBase64,
    });
    for (const size of [1, 7, 1000]) {
      const pieces = body.match(new RegExp(`[\\s\\S]{1,${size}}`, "g")) ?? [];
      const chunks = pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`);
      const under = await bench({
        script: rawAnswer(
          `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`,
          ...chunks,
          "0\r\n\r\n",
        ),
      });
      const answer = await under.send({ target });
      expect(answer.status).toBe(200);
      nowhere(under, answer.text);
    }
  },
);

test("a redirect is not followed, and a Location that carries the credential is cut", async () => {
  const under = await bench({
    script: rawAnswer(
      `HTTP/1.1 302 Found\r\nLocation: https://evil.example/?t=${upstreamToken}\r\nContent-Length: 0\r\n\r\n`,
    ),
  });
  const answer = await under.send({ target });
  expect(answer.status).toBe(302);
  expect(answer.headers.location).toBeUndefined();
  expect(under.upstream.requests).toHaveLength(1);
  nowhere(under, JSON.stringify(answer));
});

test("an answer that comes compressed although we asked for none is withheld, and its call stays on record", async () => {
  const under = await bench({
    script: rawAnswer(
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 4000\r\n\r\n\x1f\x8b\x08\x00",
    ),
  });
  const answer = await under.send({ target });
  expect(answer.status).toBe(502);
  expect(answer.text).toContain("ANSWER_WITHHELD");
  await under.upstream.closedByPeer(1);
  expect(under.audit.entries).toMatchObject([
    { kind: "exchange.intent" },
    { kind: "exchange.outcome", status: 200 },
  ]);
});

test("part of a structured answer is withheld, since a secret's name may lie outside it", async () => {
  const under = await bench({
    script: rawAnswer(
      'HTTP/1.1 206 Partial Content\r\nContent-Type: application/json\r\nContent-Range: bytes 5-9/20\r\nContent-Length: 5\r\n\r\n{"a":',
    ),
  });
  expect((await under.send({ target, headers: { range: "bytes=5-9" } })).status).toBe(502);
});

test("checksums of a masked answer are dropped, those of a download are kept", async () => {
  const sums = { etag: '"e"', "x-goog-hash": "md5=abc", "content-md5": "abc" };
  const under = await bench({
    script: jsonAnswer({ access_token: "0123456789abcdef0123456789abcdef" }, sums),
  });
  const masked = await under.send({ target });
  expect(masked.text).not.toContain("0123456789abcdef");
  for (const name of Object.keys(sums)) expect(masked.headers[name], name).toBeUndefined();
  const raw = await under.send({ target: download });
  expect(raw.text).toContain("0123456789abcdef");
  expect(raw.headers).toMatchObject(sums);
});
