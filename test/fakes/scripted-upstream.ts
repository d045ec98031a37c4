import { createServer, type Server, type Socket } from "node:net";

/** One request as its bytes arrived, before any HTTP library could make it prettier. */
export interface UpstreamRequest {
  /** Request line and header lines, without the empty line. */
  readonly head: string;
  readonly method: string;
  readonly target: string;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  /** De-chunked. */
  readonly body: Buffer;
}

/** Writes an answer, or anything else, to the socket. */
export type Script = (request: UpstreamRequest, socket: Socket) => void;

export interface ScriptedUpstream {
  readonly url: string;
  readonly requests: UpstreamRequest[];
  /** Bytes received in all, whether or not they made a request. */
  receivedBytes(): number;
  /** Replaces what is answered from now on. */
  play(script: Script): void;
  /** Resolves once `count` connections have been closed by the other side. */
  closedByPeer(count: number): Promise<void>;
  close(): Promise<void>;
}

/** An upstream that is told what to say, over bare TCP. */
export async function scriptedUpstream(first: Script = jsonAnswer({ ok: true })): Promise<ScriptedUpstream> {
  let script = first;
  let received = 0;
  let closed = 0;
  let watchers: { count: number; done: () => void }[] = [];
  const requests: UpstreamRequest[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    let buffered = Buffer.alloc(0);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      sockets.delete(socket);
      closed += 1;
      for (const watcher of watchers) if (closed >= watcher.count) watcher.done();
      watchers = watchers.filter((watcher) => closed < watcher.count);
    });
    socket.on("data", (chunk) => {
      received += chunk.length;
      buffered = Buffer.concat([buffered, chunk]);
      for (;;) {
        const parsed = parseRequest(buffered);
        if (parsed === undefined) return;
        buffered = buffered.subarray(parsed.length);
        requests.push(parsed.request);
        script(parsed.request, socket);
      }
    });
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    receivedBytes: () => received,
    play: (next) => {
      script = next;
    },
    closedByPeer: (count) =>
      closed >= count ? Promise.resolve() : new Promise((done) => watchers.push({ count, done })),
    close: () =>
      new Promise((done) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => done());
      }),
  };
}

export function jsonAnswer(value: unknown, headers: Record<string, string> = {}): Script {
  return (_request, socket) => {
    const body = JSON.stringify(value);
    const lines = Object.entries({
      "content-type": "application/json; charset=UTF-8",
      "content-length": String(Buffer.byteLength(body)),
      ...headers,
    }).map(([name, text]) => `${name}: ${text}\r\n`);
    socket.write(`HTTP/1.1 200 OK\r\n${lines.join("")}\r\n${body}`);
  };
}

/** Writes each part as it stands. */
export function rawAnswer(...parts: (string | Buffer)[]): Script {
  return (_request, socket) => {
    for (const part of parts) socket.write(part);
  };
}

function parseRequest(buffered: Buffer): { request: UpstreamRequest; length: number } | undefined {
  const end = buffered.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const head = buffered.subarray(0, end).toString("latin1");
  const [line = "", ...rest] = head.split("\r\n");
  const [method = "", target = ""] = line.split(" ");
  const headers = new Map(
    rest.map((text): [string, string] => {
      const colon = text.indexOf(":");
      return [text.slice(0, colon).toLowerCase(), text.slice(colon + 1).trim()];
    }),
  );
  const body = parseBody(headers, buffered, end + 4);
  if (body === undefined) return undefined;
  return { request: { head, method, target, headers, body: body.bytes }, length: body.end };
}

function parseBody(
  headers: ReadonlyMap<string, string>,
  buffered: Buffer,
  start: number,
): { bytes: Buffer; end: number } | undefined {
  if (headers.get("transfer-encoding") === "chunked") return parseChunks(buffered, start);
  const end = start + Number(headers.get("content-length") ?? 0);
  return buffered.length < end ? undefined : { bytes: buffered.subarray(start, end), end };
}

function parseChunks(buffered: Buffer, start: number): { bytes: Buffer; end: number } | undefined {
  const chunks: Buffer[] = [];
  let at = start;
  for (;;) {
    const lineEnd = buffered.indexOf("\r\n", at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(buffered.subarray(at, lineEnd).toString("latin1"), 16);
    const next = lineEnd + 2 + size + 2;
    if (buffered.length < next) return undefined;
    if (size === 0) return { bytes: Buffer.concat(chunks), end: next };
    chunks.push(buffered.subarray(lineEnd + 2, next - 2));
    at = next;
  }
}
