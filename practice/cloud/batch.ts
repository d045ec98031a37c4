import { randomUUID } from "node:crypto";
import { type IncomingHttpHeaders, STATUS_CODES } from "node:http";
import { GoogleError } from "./google-error.ts";
import { headersOf, type Part, partsOf } from "./multipart.ts";
import type { Received, RenderedAnswer } from "./received.ts";
import type { Answer } from "./router.ts";

const PARTS_MAX = 100;

/** Google's batch addresses, one on each API's own host. */
export function isBatch({ method, path }: { readonly method: string; readonly path: string }): boolean {
  return method === "POST" && (path === "/batch" || path.startsWith("/batch/"));
}

/** Answers every part as if it had come alone. Parts inherit host and credential from the batch. */
export async function answerBatch(
  batch: Received,
  body: Buffer,
  answer: (part: Received) => Promise<RenderedAnswer>,
): Promise<Answer> {
  const parts = partsOf(batch.headers["content-type"], body);
  if (parts.length > PARTS_MAX) throw new GoogleError("INVALID_ARGUMENT", "A batch has at most 100 parts.");
  const boundary = `batch_${randomUUID()}`;
  const pieces: Buffer[] = [];
  for (const part of parts) {
    const answered = await answer(requestIn(part, batch.headers));
    pieces.push(Buffer.from(`--${boundary}\r\n${partHead(part)}`), responseOf(answered), Buffer.from("\r\n"));
  }
  pieces.push(Buffer.from(`--${boundary}--\r\n`));
  return {
    status: 200,
    headers: { "Content-Type": `multipart/mixed; boundary=${boundary}` },
    body: Buffer.concat(pieces),
  };
}

function requestIn(part: Part, outer: IncomingHttpHeaders): Received {
  const text = part.bytes.toString("latin1");
  const head = /^([A-Z]+) (\S+)(?: HTTP\/1\.1)?\r?\n((?:[^\r\n]+\r?\n)*)(?:\r?\n|$)/.exec(text);
  if (head === null) throw new GoogleError("INVALID_ARGUMENT", "A part of the batch is no HTTP request.");
  const [whole, method = "", target = "", lines = ""] = head;
  if (isBatch({ method, path: target })) {
    throw new GoogleError("INVALID_ARGUMENT", "A batch cannot hold another batch.");
  }
  const { host, authorization } = outer;
  return {
    method,
    // Some clients write whole addresses; the host of the batch counts, whatever they say.
    target: target.replace(/^https:\/\/[^/]+/, ""),
    headers: {
      ...(authorization === undefined ? {} : { authorization }),
      ...Object.fromEntries(headersOf(lines)),
      ...(host === undefined ? {} : { host }),
    },
    readBody: () => Promise.resolve(part.bytes.subarray(Buffer.byteLength(whole, "latin1"))),
  };
}

function partHead(part: Part): string {
  const id = part.headers.get("content-id")?.replace(/^</, "<response-");
  return `Content-Type: application/http\r\n${id === undefined ? "" : `Content-ID: ${id}\r\n`}\r\n`;
}

function responseOf({ status, headers, body }: RenderedAnswer): Buffer {
  const lines = Object.entries({ ...headers, "Content-Length": String(body.length) });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    ...lines.map(([name, value]) => `${name}: ${value}`),
  ].join("\r\n");
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`), body]);
}
