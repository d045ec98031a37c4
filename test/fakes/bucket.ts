import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { sign } from "aws4";
import { portOf } from "./port.ts";

export interface FakeBucket {
  readonly url: string;
  readonly objects: Map<string, { bytes: Buffer; headers: Record<string, string> }>;
  /** `METHOD key`, in order, the refused ones too. */
  readonly requests: string[];
  /** Answers the next requests with these statuses instead. */
  readonly refuseNext: number[];
  close(): Promise<void>;
}

export const bucketKeys = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "not-a-real-secret" };

/** A bucket that checks each signature with a library that did not make it, and each payload against its digest. */
export async function startFakeBucket(name = "archive"): Promise<FakeBucket> {
  const objects: FakeBucket["objects"] = new Map();
  const requests: string[] = [];
  const refuseNext: number[] = [];
  const server = createServer((request, response) => {
    void answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = portOf(server);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const url = new URL(request.url ?? "/", "http://localhost");
    const key = url.pathname.slice(`/${name}/`.length);
    requests.push(`${request.method} ${key}`);
    const refused = refuseNext.shift();
    if (refused !== undefined) {
      error(response, refused, "SlowDown");
      return;
    }
    if (!isSigned(request, body)) {
      error(response, 403, "SignatureDoesNotMatch");
      return;
    }
    const found = objects.get(key);
    if (request.method === "PUT") {
      const isOnce =
        request.headers["if-none-match"] === "*" || request.headers["x-goog-if-generation-match"] === "0";
      if (isOnce && found !== undefined) {
        error(response, 412, "PreconditionFailed");
        return;
      }
      const kept = Object.entries(request.headers).filter(([header]) =>
        /^(x-amz-object|content-type)/.test(header),
      );
      objects.set(key, { bytes: body, headers: Object.fromEntries(kept.map(([h, v]) => [h, String(v)])) });
      response.writeHead(200).end();
    } else if (found === undefined) error(response, 404, "NoSuchKey");
    else {
      response.writeHead(200, { ...found.headers, "content-length": found.bytes.byteLength });
      response.end(found.bytes);
    }
  }

  return {
    url: `http://127.0.0.1:${port}`,
    objects,
    requests,
    refuseNext,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function error(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status).end(`<Error><Code>${code}</Code></Error>`);
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Signs what arrived again, with the headers that say they were signed, and compares. */
export function isSigned(request: IncomingMessage, body: Buffer): boolean {
  const given = request.headers.authorization ?? "";
  const region = /Credential=[^/]+\/\d{8}\/([^/]+)\/s3\/aws4_request/.exec(given)?.[1];
  const names = /SignedHeaders=([^,]+)/.exec(given)?.[1]?.split(";") ?? [];
  if (region === undefined || !names.includes("x-amz-content-sha256")) return false;
  // Whatever decides what is stored has to be signed.
  const telling = Object.keys(request.headers).filter((header) =>
    /^(x-amz|x-goog|if-none|content-md5)/.test(header),
  );
  if (!telling.every((header) => names.includes(header))) return false;
  const headers = Object.fromEntries(names.map((header) => [header, String(request.headers[header] ?? "")]));
  if (headers["x-amz-content-sha256"] !== createHash("sha256").update(body).digest("hex")) return false;
  const { method = "GET", url: path = "/" } = request;
  const again = sign({ service: "s3", region, method, path, headers }, bucketKeys);
  return signatureOf(String(again.headers?.["Authorization"])) === signatureOf(given);
}

function signatureOf(authorization: string): string | undefined {
  return /Signature=([0-9a-f]{64})/.exec(authorization)?.[1];
}
