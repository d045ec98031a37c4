import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { bodyOf, isSigned } from "./bucket.ts";
import { portOf } from "./port.ts";

interface Version {
  readonly id: string;
  readonly bytes: Buffer;
  readonly isDeletion: boolean;
}

/** A bucket of S3 with Object Lock: versions are never taken away, new ones may be laid over them. */
export interface FakeLockedBucket {
  readonly url: string;
  /** By key, the oldest version first. */
  readonly versions: Map<string, Version[]>;
  /** Default retention of the bucket; `undefined` for none. */
  rule: { mode: string; days: number } | undefined;
  /** Answers the next requests with these statuses instead. */
  readonly refuseNext: number[];
  /** What somebody who may write, but not lift the lock, can do: another version on top. */
  overwrite(key: string, bytes: Uint8Array): void;
  /** The same with a marker that hides the object. */
  hide(key: string): void;
  /** What only somebody can do who owns the store itself: the test's hand. */
  replaceFirst(key: string, change: (bytes: Buffer) => Uint8Array | undefined): void;
  close(): Promise<void>;
}

const pageVersions = 3;

/** Checks each signature with a library that did not make it; deletes no version while the lock lasts. */
export async function startFakeLockedBucket(name = "archive"): Promise<FakeLockedBucket> {
  let count = 0;
  const newVersion = (bytes: Buffer, isDeletion = false): Version => {
    count += 1;
    return { id: `v${count}`, bytes, isDeletion };
  };
  const push = (key: string, version: Version): void => {
    fake.versions.set(key, [...(fake.versions.get(key) ?? []), version]);
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const url = new URL(request.url ?? "/", "http://localhost");
    const key = url.pathname.slice(`/${name}/`.length);
    const refusedStatus = fake.refuseNext.shift();
    if (refusedStatus !== undefined) error(response, refusedStatus, "SlowDown");
    else if (!isSigned(request, body)) error(response, 403, "SignatureDoesNotMatch");
    else if (key === "" && url.searchParams.has("object-lock")) sayLock(response);
    else if (key === "" && url.searchParams.has("versions")) list(url, response);
    else if (request.method === "PUT") put(request, response, { key, body });
    else if (request.method === "DELETE") remove(url, response, key);
    else get(url, response, key);
  }

  function sayLock(response: ServerResponse): void {
    if (fake.rule === undefined) {
      error(response, 404, "ObjectLockConfigurationNotFoundError");
      return;
    }
    const { mode, days } = fake.rule;
    const retention = `<Rule><DefaultRetention><Mode>${mode}</Mode><Days>${days}</Days></DefaultRetention></Rule>`;
    response.end(
      `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>${retention}</ObjectLockConfiguration>`,
    );
  }

  function put(
    { headers }: IncomingMessage,
    response: ServerResponse,
    { key, body }: { key: string; body: Buffer },
  ): void {
    const newest = fake.versions.get(key)?.at(-1);
    // Object Lock takes no upload without a digest.
    if (headers["content-md5"] === undefined) error(response, 400, "InvalidRequest");
    else if (headers["if-none-match"] === "*" && newest?.isDeletion === false) {
      error(response, 412, "PreconditionFailed");
    } else {
      push(key, newVersion(body));
      response.writeHead(200).end();
    }
  }

  function remove(url: URL, response: ServerResponse, key: string): void {
    if (url.searchParams.has("versionId")) error(response, 403, "AccessDenied");
    else {
      push(key, newVersion(Buffer.alloc(0), true));
      response.writeHead(204).end();
    }
  }

  function get(url: URL, response: ServerResponse, key: string): void {
    const all = fake.versions.get(key) ?? [];
    const wanted = url.searchParams.get("versionId");
    const found = wanted === null ? all.at(-1) : all.find(({ id }) => id === wanted);
    if (found === undefined || found.isDeletion) error(response, 404, "NoSuchKey");
    else response.end(found.bytes);
  }

  function list(url: URL, response: ServerResponse): void {
    const prefix = url.searchParams.get("prefix") ?? "";
    const all = [...fake.versions]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .flatMap(([key, versions]) => versions.map((version) => ({ key, ...version })).reverse());
    const marker = [url.searchParams.get("key-marker"), url.searchParams.get("version-id-marker")];
    const from = all.findIndex(({ key, id }) => key === marker[0] && id === marker[1]) + 1;
    const page = all.slice(from, from + pageVersions);
    const last = page.at(-1);
    const isCut = from + page.length < all.length;
    const next = `<NextKeyMarker>${last?.key}</NextKeyMarker><NextVersionIdMarker>${last?.id}</NextVersionIdMarker>`;
    const items = page.map(({ key, id, isDeletion }) => {
      const kind = isDeletion ? "DeleteMarker" : "Version";
      return `<${kind}><Key>${key}</Key><VersionId>${id}</VersionId></${kind}>`;
    });
    response.end(
      `<ListVersionsResult><IsTruncated>${isCut}</IsTruncated>${isCut ? next : ""}${items.join("")}</ListVersionsResult>`,
    );
  }

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const fake: FakeLockedBucket = {
    url: `http://127.0.0.1:${portOf(server)}`,
    versions: new Map(),
    rule: { mode: "COMPLIANCE", days: 365 },
    refuseNext: [],
    overwrite: (key, bytes) => push(key, newVersion(Buffer.from(bytes))),
    hide: (key) => push(key, newVersion(Buffer.alloc(0), true)),
    replaceFirst: (key, change) => {
      const [first, ...rest] = fake.versions.get(key) ?? [];
      if (first === undefined) throw new Error(`there is no ${key}`);
      const bytes = change(first.bytes);
      if (bytes === undefined) fake.versions.delete(key);
      else fake.versions.set(key, [{ ...first, bytes: Buffer.from(bytes) }, ...rest]);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return fake;
}

function error(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status).end(`<Error><Code>${code}</Code></Error>`);
}
