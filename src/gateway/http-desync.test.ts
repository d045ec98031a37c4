import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type DataPlaneUnderTest,
  dataPlaneUnderTest,
  host,
  readUntil,
} from "../../test/fakes/data-plane-under-test.ts";
import { type DesyncCase, isCorpusPresent, readDesyncCases } from "../../test/fakes/desync-corpus.ts";
import { operationOf } from "../../test/fakes/small-catalogue.ts";

// Requests graded by how likely two servers are to disagree about them. They come from a corpus that is read where it
// lies; every one is otherwise impeccable here (valid tunnel, valid session, a catalogue that knows every path), so that
// only the judgement of its framing stands between it and the upstream.

let under: DataPlaneUnderTest;
beforeAll(async () => {
  const methods = ["GET", "HEAD", "POST", "PUT"];
  const operation = operationOf("storage.everything");
  under = await dataPlaneUnderTest({ routes: methods.map((method) => ({ method, path: /^/, operation })) });
});
afterAll(() => under.close());

/** With the Host header first, last, or not at all: in front it could be what a folded line continues. */
const hostPlaces = ["first", "last", "absent"] as const;
type HostPlace = (typeof hostPlaces)[number];

function onTheWire({ method, uri, version, headers }: DesyncCase, place: HostPlace): string {
  const lines = (headers ?? []).map(({ name, value }) => `${name}: ${value}\r\n`);
  const hostLine = `Host: ${host}\r\n`;
  const all = [place === "first" ? hostLine : "", ...lines, place === "last" ? hostLine : ""];
  return `${method} ${uri} ${version}\r\n${all.join("")}\r\n`;
}

/** Escapes are code points: once as one byte each, once as UTF-8. Those above U+00FF exist only as UTF-8. */
function encodingsOf(text: string): readonly ("latin1" | "utf8")[] {
  return Buffer.from(text, "latin1").toString("latin1") === text ? ["latin1", "utf8"] : ["utf8"];
}

/** The first answer, or what there is once the connection closes. Then hangs up: some cases promise a body. */
async function say(wire: Buffer): Promise<string> {
  const socket = await under.tunnel();
  socket.write(wire);
  // Some cases never complete their header block; half-closing tells the parser that nothing follows.
  socket.end();
  const reply = await readUntil(socket);
  socket.destroy();
  return reply;
}

test.skipIf(!isCorpusPresent)("the corpus is not empty and holds every grade", () => {
  const grades = new Set(readDesyncCases().map(({ expected }) => expected.tier));
  expect(grades).toEqual(new Set(["Severe", "Ambiguous", "Acceptable", "Compliant"]));
});

test.skipIf(!isCorpusPresent)(
  "no request that two servers may read differently reaches the pipeline; each gets 400 and the end of its connection",
  { timeout: 60_000 },
  async () => {
    const dangerous = readDesyncCases().filter(({ expected }) =>
      ["Severe", "Ambiguous"].includes(expected.tier),
    );
    expect(dangerous.length).toBeGreaterThan(0);
    for (const one of dangerous) {
      for (const place of hostPlaces) {
        const text = onTheWire(one, place);
        for (const encoding of encodingsOf(text)) {
          const reply = await say(Buffer.from(text, encoding));
          const label = `${one.name} (${encoding}, Host ${place})`;
          expect(reply, label).toMatch(/^HTTP\/1\.1 400 [^\r]*\r\n/);
          expect(reply.toLowerCase(), label).toContain("\r\nconnection: close\r\n");
          expect(under.upstream.receivedBytes(), label).toBe(0);
        }
      }
    }
    // Those the parser itself refused are not among these; no other judgement may have been needed.
    const judgements = new Set(under.audit.entries.map(({ kind, decision }) => `${kind} ${decision}`));
    expect(judgements).toEqual(new Set(["exchange.refused malformed"]));
  },
);

test.skipIf(!isCorpusPresent)(
  "requests that are merely unusual are refused or forwarded with rebuilt headers, and harm nothing",
  { timeout: 60_000 },
  async () => {
    for (const one of readDesyncCases().filter(({ expected }) => expected.tier === "Acceptable")) {
      const reply = await say(Buffer.from(onTheWire(one, "last"), "latin1"));
      expect(reply, one.name).toMatch(/^(HTTP\/1\.1 (200|400) |$)/);
    }
    for (const { head } of under.upstream.requests) expect(head.toLowerCase()).not.toContain("custom-header");
  },
);

test.skipIf(!isCorpusPresent)(
  "compliant requests without a body are understood",
  { timeout: 60_000 },
  async () => {
    const plain = readDesyncCases().filter(
      ({ expected, method, uri }) =>
        expected.tier === "Compliant" && method === "GET" && /^\/[!-~]*$/.test(uri),
    );
    expect(plain.length).toBeGreaterThan(0);
    for (const one of plain) {
      const socket = await under.tunnel();
      socket.write(Buffer.from(onTheWire(one, "last"), "latin1"));
      const reply = await readUntil(socket, (text) => text.includes("\r\n\r\n"));
      socket.destroy();
      expect(reply, one.name).toMatch(/^HTTP\/1\.1 200 /);
    }
  },
);

test("a second request hidden in the first one's body is body, and never a request of its own", async () => {
  const before = under.upstream.requests.length;
  const hidden = `GET /hidden HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  const socket = await under.tunnel();
  socket.write(
    `POST /outer HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}` +
      `GET /next HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
  );
  await readUntil(socket);
  const seen = under.upstream.requests.slice(before).map(({ target }) => target);
  expect(seen.sort()).toEqual(["/next", "/outer"]);
  const outer = under.upstream.requests.find(({ target }) => target === "/outer");
  expect(outer?.body.toString()).toBe(hidden);
});
