import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { z } from "zod";
import { bodyOf } from "./bucket.ts";
import { portOf } from "./port.ts";

/** A bucket of Cloud Storage's JSON API that keeps what it is told to keep. */
export interface FakeRetainedBucket {
  readonly url: string;
  readonly objects: Map<
    string,
    { readonly bytes: Buffer; readonly generation: string; readonly retention: string }
  >;
  /** What the bucket says of itself. */
  about: {
    retentionPolicy?: { retentionPeriod: string; isLocked?: boolean };
    objectRetention?: { mode: string };
  };
  replaceFirst(name: string, change: (bytes: Buffer) => Uint8Array | undefined): void;
  close(): Promise<void>;
}

export const storageToken = "ya29.storage-token";
const pageObjects = 3;
const metadataShape = z.object({
  name: z.string(),
  retention: z.object({ mode: z.literal("Locked"), retainUntilTime: z.iso.datetime() }).optional(),
});

export async function startFakeRetainedBucket(name = "archive"): Promise<FakeRetainedBucket> {
  let generations = 1_000;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const url = new URL(request.url ?? "/", "http://localhost");
    const object = new RegExp(`^/storage/v1/b/${name}/o/([^/]+)$`).exec(url.pathname)?.[1];
    if (request.headers.authorization !== `Bearer ${storageToken}`) say(response, 401, {});
    else if (url.pathname === `/upload/storage/v1/b/${name}/o`) upload(request, response, { url, body });
    else if (url.pathname === `/storage/v1/b/${name}`) say(response, 200, fake.about);
    else if (url.pathname === `/storage/v1/b/${name}/o`) list(url, response);
    else if (object === undefined) say(response, 404, {});
    else if (request.method === "DELETE") say(response, 403, { error: { message: "retentionPolicyNotMet" } });
    else {
      const found = fake.objects.get(decodeURIComponent(object));
      const wanted = url.searchParams.get("generation");
      if (found === undefined || (wanted !== null && wanted !== found.generation)) say(response, 404, {});
      else response.end(found.bytes);
    }
  }

  function upload(
    request: IncomingMessage,
    response: ServerResponse,
    { url, body }: { url: URL; body: Buffer },
  ): void {
    const border = /boundary=(.+)$/.exec(request.headers["content-type"] ?? "")?.[1] ?? "";
    const parts = splitParts(body, border);
    const { name: object, retention } = metadataShape.parse(JSON.parse(parts[0]?.toString() ?? ""));
    const isRetained = fake.about.retentionPolicy !== undefined || retention !== undefined;
    const exists = fake.objects.has(object);
    if (exists && url.searchParams.get("ifGenerationMatch") === "0") say(response, 412, {});
    else if (exists) say(response, 403, { error: { message: "retentionPolicyNotMet" } });
    else if (!isRetained) say(response, 400, { error: { message: "nothing keeps this object" } });
    else {
      generations += 1;
      const generation = String(generations);
      fake.objects.set(object, {
        bytes: parts[1] ?? Buffer.alloc(0),
        generation,
        retention: retention?.retainUntilTime ?? "policy",
      });
      say(response, 200, { generation });
    }
  }

  function list(url: URL, response: ServerResponse): void {
    const prefix = url.searchParams.get("prefix") ?? "";
    const after = url.searchParams.get("pageToken") ?? "";
    const names = [...fake.objects.keys()].filter((each) => each.startsWith(prefix) && each > after).sort();
    const page = names.slice(0, pageObjects);
    const items = page.map((each) => ({ name: each, generation: fake.objects.get(each)?.generation }));
    say(response, 200, { items, ...(names.length > page.length ? { nextPageToken: page.at(-1) } : {}) });
  }

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const fake: FakeRetainedBucket = {
    url: `http://127.0.0.1:${portOf(server)}`,
    objects: new Map(),
    about: { retentionPolicy: { retentionPeriod: "31536000", isLocked: true } },
    replaceFirst: (object, change) => {
      const found = fake.objects.get(object);
      if (found === undefined) throw new Error(`there is no ${object}`);
      const bytes = change(found.bytes);
      if (bytes === undefined) fake.objects.delete(object);
      else fake.objects.set(object, { ...found, bytes: Buffer.from(bytes) });
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return fake;
}

/** Metadata and media of `multipart/related`. */
function splitParts(body: Buffer, border: string): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = body.indexOf(`--${border}\r\n`); at >= 0; ) {
    const start = body.indexOf("\r\n\r\n", at) + 4;
    const end = body.indexOf(`\r\n--${border}`, start);
    parts.push(body.subarray(start, end));
    at = body.subarray(end + 2).indexOf(`--${border}\r\n`) < 0 ? -1 : end + 2;
  }
  return parts;
}

function say(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
