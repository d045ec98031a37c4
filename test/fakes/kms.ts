import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { crc32c } from "../../src/keys/crc32c.ts";

/** A local stand-in for Cloud KMS, after its REST reference: encrypt and decrypt of one key, with additional data and checksums. */
export interface FakeKms {
  readonly url: string;
  /** What was asked, newest last. */
  readonly asked: {
    readonly path: string;
    readonly authorization: string | undefined;
    readonly body: object;
  }[];
  /** Changes the next answers, as a fault on the way would. */
  tamper: (answer: Record<string, unknown>) => Record<string, unknown>;
  /** Answers these first. */
  readonly failures: number[];
  close(): Promise<void>;
}

export async function startFakeKms(keyName: string): Promise<FakeKms> {
  const key = randomBytes(32);
  const server = createServer((request, response) => {
    void answerTo(request).then(({ status, body }) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  });
  async function answerTo(request: IncomingMessage) {
    const body = JSON.parse(await textOf(request)) as Record<string, string>;
    const { authorization } = request.headers;
    kms.asked.push({ path: request.url ?? "", authorization, body });
    const failure = kms.failures.shift();
    if (failure !== undefined) return { status: failure, body: { error: { code: failure } } };
    if (request.url === `/v1/${keyName}:encrypt`) return encrypt(body);
    if (request.url === `/v1/${keyName}:decrypt`) return decrypt(body);
    return { status: 404, body: { error: { status: "NOT_FOUND" } } };
  }
  function encrypt(body: Record<string, string>) {
    const plain = Buffer.from(body["plaintext"] ?? "", "base64");
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(associated(body));
    const bytes = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    const answer = {
      name: `${keyName}/cryptoKeyVersions/1`,
      ciphertext: bytes.toString("base64"),
      ciphertextCrc32c: String(crc32c(bytes)),
      verifiedPlaintextCrc32c: body["plaintextCrc32c"] === String(crc32c(plain)),
      verifiedAdditionalAuthenticatedDataCrc32c:
        body["additionalAuthenticatedDataCrc32c"] === String(crc32c(associated(body))),
      protectionLevel: "SOFTWARE",
    };
    return { status: 200, body: kms.tamper(answer) };
  }
  function decrypt(body: Record<string, string>) {
    const bytes = Buffer.from(body["ciphertext"] ?? "", "base64");
    try {
      const cipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12)).setAAD(associated(body));
      cipher.setAuthTag(bytes.subarray(-16));
      const plain = Buffer.concat([cipher.update(bytes.subarray(12, -16)), cipher.final()]);
      const answer = { plaintext: plain.toString("base64"), plaintextCrc32c: String(crc32c(plain)) };
      return { status: 200, body: kms.tamper(answer) };
    } catch {
      return { status: 400, body: { error: { status: "INVALID_ARGUMENT" } } };
    }
  }
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const kms: FakeKms = {
    url: `http://127.0.0.1:${port}`,
    asked: [],
    tamper: (answer) => answer,
    failures: [],
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return kms;
}

function associated(body: Record<string, string>): Buffer {
  return Buffer.from(body["additionalAuthenticatedData"] ?? "", "base64");
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}
