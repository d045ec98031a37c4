import { createServer, type Server } from "node:http";
import { Webhook } from "standardwebhooks";
import { afterEach, expect, test } from "vitest";
import { systemClock } from "#lib/clock";
import { createEgress, type Egress } from "#lib/egress";
import { Secret } from "#lib/secret";
import { batchOf } from "../../test/fakes/batch.ts";
import { portOf } from "../../test/fakes/port.ts";
import { webhookSink } from "./index.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

interface Received {
  readonly headers: Record<string, string>;
  readonly body: string;
}

async function startReceiver(status = 204): Promise<{ url: URL; received: Received[] }> {
  const received: Received[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
      received.push({
        headers: Object.fromEntries(headers) as Record<string, string>,
        body: Buffer.concat(chunks).toString(),
      });
      response.writeHead(status, status === 302 ? { location: "http://127.0.0.1:1/" } : {}).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push({
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  });
  return { url: new URL(`http://127.0.0.1:${portOf(server)}/hook?token=path-secret`), received };
}

const secretOf = (byte: number): string => `whsec_${Buffer.alloc(24, byte).toString("base64")}`;
const { signal } = new AbortController();

function sinkTo(url: URL, secrets = [secretOf(1)], egress: Egress = createEgress({ allowLoopback: true })) {
  const sink = webhookSink({
    url,
    secrets: () => secrets.map((each) => new Secret(each)),
    egress,
    clock: systemClock,
  });
  open.push(sink);
  return sink;
}

test.each([301, 302, 400, 401, 410, 429, 500, 503])(
  "an answer of %i is a refusal, and is not followed",
  async (status) => {
    const { url, received } = await startReceiver(status);
    const delivered = sinkTo(url).deliver(batchOf(0, 1), signal);
    await expect(delivered).rejects.toThrow(`answered ${status}`);
    await expect(delivered).rejects.not.toThrow(/path-secret/);
    expect(received).toHaveLength(1);
  },
);

test("a receiver on this machine or in a private network is not dialled unless that was configured", async () => {
  const { url, received } = await startReceiver();
  const fenced = sinkTo(url, undefined, createEgress({ allowLoopback: false }));
  await expect(fenced.deliver(batchOf(0, 0), signal)).rejects.toMatchObject({ code: "egress_refused" });
  const inside = sinkTo(new URL("https://10.0.0.1/hook"), undefined, createEgress({ allowLoopback: true }));
  await expect(inside.deliver(batchOf(0, 0), signal)).rejects.toMatchObject({ code: "egress_refused" });
  expect(received).toEqual([]);
});

test.each([
  "whsec_%%%not-base64",
  "whsec_",
  "whsec_QQ==",
  `whsec_${"QUFB".repeat(7)}`,
  "QUFB".repeat(8),
  `${secretOf(1)}\n`,
])(
  "a secret that cannot be used, or could be guessed, is an error that does not quote it (%j)",
  async (secret) => {
    const { url, received } = await startReceiver();
    const delivered = sinkTo(url, [secretOf(1), secret]).deliver(batchOf(0, 0), signal);
    await expect(delivered).rejects.toMatchObject({ code: "sink_secret_invalid" });
    await expect(delivered).rejects.not.toThrow(/not-base64|QQ|QUFB/);
    expect(received).toEqual([]);
  },
);

test("a receiver that says yes has the batch, though it talks without end", async () => {
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      response.writeHead(200);
      const talk = (): void => {
        while (response.write("a".repeat(64 * 1024)));
        response.once("drain", talk);
      };
      talk();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push({
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  });
  const url = new URL(`http://127.0.0.1:${portOf(server)}/hook`);
  await expect(sinkTo(url).deliver(batchOf(0, 0), signal)).resolves.toBeUndefined();
});

test("the receivers' library verifies a batch with the old secret and with the new one, and with no other", async () => {
  const { url, received } = await startReceiver();
  await sinkTo(url, [secretOf(2), secretOf(1)]).deliver(batchOf(5, 6, { said: "\u202Ehello" }), signal);
  const [{ headers, body } = { headers: {}, body: "" }] = received;
  for (const secret of [secretOf(1), secretOf(2)]) {
    expect(new Webhook(secret).verify(body, headers)).toMatchObject({
      type: "gatehouse.audit.entries",
      data: {
        origin: "gatehouse.example/log",
        first: 5,
        last: 6,
        entries: [{ index: 5, said: "\u202Ehello" }, { index: 6 }],
      },
    });
  }
  expect(() => new Webhook(secretOf(3)).verify(body, headers)).toThrow(/No matching signature/);
  expect(() => new Webhook(secretOf(1)).verify(body.replace("hello", "hullo"), headers)).toThrow(
    /No matching/,
  );
});

test("the same entries have the same id, others another", async () => {
  const { url, received } = await startReceiver();
  const sink = sinkTo(url);
  for (const batch of [batchOf(0, 1), batchOf(0, 1), batchOf(0, 2)]) await sink.deliver(batch, signal);
  const ids = received.map(({ headers }) => headers["webhook-id"]);
  expect([ids[0] === ids[1], ids[1] === ids[2]]).toEqual([true, false]);
});
