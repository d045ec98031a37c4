import { execFileSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { GatehouseError } from "#lib/errors";
import { type ManualClock, manualClock } from "../../test/fakes/manual-clock.ts";
import { type TokenServer, tokenServer } from "../../test/fakes/token-server.ts";
import type { Connection, UpstreamIdentity } from "./connection.ts";
import type { ConnectionChange, OpenedConnections } from "./index.ts";
import { openConnections } from "./index.ts";

const scopes = ["https://www.googleapis.com/auth/cloud-platform"];
const pairs = [1, 2].map(() => generateKeyPairSync("rsa", { modulusLength: 2048 }));
const pemOf = (index: number): string =>
  pairs[index]?.privateKey.export({ type: "pkcs8", format: "pem" }).toString() ?? "";

let folder: string;
let path: string;
let server: TokenServer;
let clock: ManualClock;
let opened: OpenedConnections | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-"));
  path = join(folder, "key.json");
  server = await tokenServer();
  clock = manualClock();
  opened = undefined;
});
afterEach(async () => {
  await opened?.close();
  server.close();
  rmSync(folder, { recursive: true });
});

const keyFile = (index: number, change: Record<string, unknown> = {}): string =>
  JSON.stringify({
    type: "service_account",
    project_id: "practice",
    private_key_id: `key-${index}`,
    private_key: pemOf(index),
    client_email: `runner-${index}@practice.iam.gserviceaccount.com`,
    token_uri: `${server.url}/token`,
    ...change,
  });

/** As an operator replaces a file: written beside, then moved into place. */
function replaceKey(text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function open(
  identity: UpstreamIdentity = { kind: "key_file", path, scopes },
  endpoint = server.url,
): OpenedConnections {
  const connection: Connection = {
    name: "practice",
    identity,
    hosts: ["*"],
    projects: ["*"],
    groups: ["*"],
    endpoint: new URL(endpoint),
    quotaProject: undefined,
  };
  opened = openConnections({ connections: [connection], clock });
  return opened;
}

async function tokenOf(registry: OpenedConnections): Promise<string | undefined> {
  const connection = registry.find("practice");
  if (connection === undefined) throw new Error("no connection");
  return (await registry.credential(connection)).authorization?.reveal();
}

async function problemOf(work: () => unknown): Promise<GatehouseError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof GatehouseError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

/** Everything a log could print of an error. */
const printed = (error: unknown): string =>
  inspect(error, { depth: 20, showHidden: true, maxStringLength: null }) + JSON.stringify(error);

test("a key file that is not there or broken stops the start", async () => {
  expect((await problemOf(() => open())).message).toContain("does not exist");
  replaceKey("{");
  expect((await problemOf(() => open())).code).toBe("key_file_invalid");
});

// Token servers

test.each<[string, number, string, string]>([
  ["refuses", 400, '{"error":"invalid_grant","error_description":"canary"}', "HTTP 400 invalid_grant"],
  ["answers with something else", 200, '{"hello":"canary"}', "no usable token"],
  ["is not JSON", 200, "canary", "no usable token"],
  [
    "slips a header into the token",
    200,
    '{"access_token":"canary\\r\\nx: y","expires_in":3600}',
    "no usable token",
  ],
  ["hands out what is over", 200, '{"access_token":"canary-canary","expires_in":-5}', "already over"],
  ["answers without end", 200, `{"access_token":"canary","x":"${"y".repeat(100_000)}"}`, "too large"],
])(
  "a token server that %s gets the call refused, and the error quotes nothing",
  async (_name, status, body, why) => {
    replaceKey(keyFile(0));
    server.answerWith((_request, response) =>
      response.writeHead(status, { "content-type": "application/json" }).end(body),
    );
    const registry = open();
    const problem = await problemOf(() => tokenOf(registry));
    expect(problem.code).toBe("credential_unavailable");
    expect(problem.message).toContain("Connection practice");
    expect(problem.message).toContain(why);
    expect(printed(problem)).not.toMatch(/canary|BEGIN|assertion=|eyJ/);
  },
);

test("an answer that echoes the assertion does not carry it into error or log", async () => {
  replaceKey(keyFile(0));
  server.answerWith((request, response) => {
    const echo = JSON.stringify({ error: request.body, error_description: request.body });
    response.writeHead(400, { "content-type": "application/json" }).end(echo);
  });
  const registry = open();
  const problem = await problemOf(() => tokenOf(registry));
  const assertion = new URLSearchParams(server.requests[0]?.body).get("assertion") ?? "";
  expect(assertion.length).toBeGreaterThan(100);
  expect(printed(problem)).not.toContain(assertion.slice(0, 30));
  expect(printed(problem)).not.toContain("eyJ");
});

test("a token server's redirect is not followed, so the assertion reaches no stranger", async () => {
  replaceKey(keyFile(0));
  const stranger = await tokenServer();
  server.answerWith((_request, response) =>
    response.writeHead(307, { location: `${stranger.url}/token` }).end(),
  );
  const registry = open();
  expect((await problemOf(() => tokenOf(registry))).message).toContain("HTTP 307");
  expect(stranger.requests).toEqual([]);
  stranger.close();
});

test("after a failure the token server has a moment's rest", async () => {
  replaceKey(keyFile(0));
  server.answerWith((_request, response) => response.writeHead(400).end("{}"));
  const registry = open();
  for (let call = 0; call < 5; call += 1) await problemOf(() => tokenOf(registry));
  expect(server.requests.length).toBe(1);
  server.answerWith(undefined);
  clock.pass(1_001);
  expect(await tokenOf(registry)).toBe("Bearer upstream-token-000002");
});

// Tokens

test("fifty calls at once fetch one token, with an assertion signed by the key for its own token server", async () => {
  replaceKey(keyFile(0));
  const registry = open();
  const tokens = await Promise.all(Array.from({ length: 50 }, () => tokenOf(registry)));
  expect(new Set(tokens)).toEqual(new Set(["Bearer upstream-token-000001"]));
  expect(server.requests.length).toBe(1);
  const [header = "", payload = "", signature = ""] =
    new URLSearchParams(server.requests[0]?.body).get("assertion")?.split(".") ?? [];
  const publicKey = createPublicKey(pemOf(0));
  expect(
    verify("sha256", Buffer.from(`${header}.${payload}`), publicKey, Buffer.from(signature, "base64url")),
  ).toBe(true);
  expect(JSON.parse(Buffer.from(payload, "base64url").toString())).toMatchObject({
    iss: "runner-0@practice.iam.gserviceaccount.com",
    aud: `${server.url}/token`,
    scope: scopes[0],
  });
});

test("a token is renewed some minutes before its end, and kept if that fails until it really ends", async () => {
  replaceKey(keyFile(0));
  const registry = open();
  expect(await tokenOf(registry)).toBe("Bearer upstream-token-000001");
  clock.pass(54 * 60_000);
  expect(await tokenOf(registry)).toBe("Bearer upstream-token-000001");
  server.answerWith((_request, response) => response.writeHead(400).end("{}"));
  clock.pass(2 * 60_000);
  expect(await tokenOf(registry)).toBe("Bearer upstream-token-000001");
  expect(server.requests.length).toBe(2);
  clock.pass(5 * 60_000);
  expect((await problemOf(() => tokenOf(registry))).code).toBe("credential_unavailable");
  server.answerWith(undefined);
  clock.pass(1_001);
  expect(await tokenOf(registry)).toBe("Bearer upstream-token-000004");
});

test("a credential prints as [secret] wherever it goes", async () => {
  replaceKey(keyFile(0));
  const registry = open();
  const connection = registry.find("practice");
  if (connection === undefined) throw new Error("no connection");
  const credential = await registry.credential(connection);
  for (const text of [
    printed(credential),
    `${String(credential.authorization)}`,
    printed(registry.ownCredentials()),
  ]) {
    expect(text).not.toContain("upstream-token");
    expect(text).toContain("[secret]");
  }
});

test("every credential is looked for in answers until some time after its end", async () => {
  replaceKey(keyFile(0));
  const registry = open();
  const known = (): string[] => registry.ownCredentials().map((each) => each.reveal());
  await tokenOf(registry);
  clock.pass(56 * 60_000);
  await tokenOf(registry);
  expect(known()).toEqual(["upstream-token-000001", "upstream-token-000002"]);
  clock.pass(15 * 60_000);
  expect(known()).toEqual(["upstream-token-000002"]);
});

// Rotation

test("a replaced key serves the next call, the listener hears of both ids, and nothing else changes", async () => {
  replaceKey(keyFile(0));
  const registry = open();
  const changes: ConnectionChange[] = [];
  registry.onChange((change) => changes.push(change));
  await tokenOf(registry);
  replaceKey(keyFile(0));
  expect(await tokenOf(registry)).toBe("Bearer upstream-token-000001");
  expect(changes).toEqual([]);
  replaceKey(keyFile(1));
  expect(await tokenOf(registry)).toBe("Bearer upstream-token-000002");
  expect(changes).toEqual([
    { connection: "practice", oldKeyId: "key-0", newKeyId: "key-1", problem: undefined },
  ]);
  const [, payload = ""] = new URLSearchParams(server.requests[1]?.body).get("assertion")?.split(".") ?? [];
  expect(Buffer.from(payload, "base64url").toString()).toContain("runner-1@");
  expect(registry.ownCredentials().map((each) => each.reveal())).toContain("upstream-token-000001");
});

test("a call that waits for a token while the key is rotated finishes with the old key's", async () => {
  replaceKey(keyFile(0));
  const registry = open();
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<() => void>();
  server.answerWith((_request, response) =>
    arrive(() => response.end('{"access_token":"token-of-the-old-key","expires_in":3600}')),
  );
  const waiting = tokenOf(registry);
  const answerOld = await arrived;
  server.answerWith(undefined);
  replaceKey(keyFile(1));
  expect(await tokenOf(registry)).toBe("Bearer upstream-token-000002");
  answerOld();
  expect(await waiting).toBe("Bearer token-of-the-old-key");
  expect(await tokenOf(registry)).toBe("Bearer upstream-token-000002");
});

test("a broken new key refuses calls, old token or not, until the file is whole", async () => {
  replaceKey(keyFile(0));
  const registry = open();
  const changes: ConnectionChange[] = [];
  registry.onChange((change) => changes.push(change));
  await tokenOf(registry);
  replaceKey("{ canary");
  const problem = await problemOf(() => tokenOf(registry));
  expect(problem.code).toBe("key_file_invalid");
  expect(problem.message).toContain(path);
  expect(printed(problem)).not.toContain("canary");
  await problemOf(() => tokenOf(registry));
  rmSync(path);
  expect((await problemOf(() => tokenOf(registry))).message).toContain("does not exist");
  replaceKey(keyFile(0));
  expect(await tokenOf(registry)).toBe("Bearer upstream-token-000002");
  expect(changes.map(({ oldKeyId, newKeyId }) => [oldKeyId, newKeyId])).toEqual([
    ["key-0", undefined],
    [undefined, undefined],
    [undefined, "key-0"],
  ]);
  expect(JSON.stringify(changes)).not.toMatch(/canary|MII/);
});

// Other identities

test.each<[string, string, () => void]>([
  ["a folder", "it is not a file", () => mkdirSync(path)],
  // Opening it would wait for a writer, and everybody's calls with it.
  ["a pipe that nobody writes to", "it is not a file", () => execFileSync("mkfifo", [path])],
  ["a device that never ends", "it is not a file", () => symlinkSync("/dev/zero", path)],
  ["a link that leads to itself", "it cannot be read (ELOOP)", () => symlinkSync(path, path)],
])(
  "a key file replaced by %s refuses calls, is told once, and does no harm when it is whole again",
  async (_what, why, replace) => {
    replaceKey(keyFile(0));
    const registry = open();
    const changes: ConnectionChange[] = [];
    registry.onChange((change) => changes.push(change));
    await tokenOf(registry);

    rmSync(path);
    replace();
    for (let asked = 0; asked < 2; asked += 1) {
      const problem = await problemOf(() => tokenOf(registry));
      expect(problem.code).toBe("key_file_invalid");
      expect(problem.message).toContain(why);
    }
    expect((await problemOf(() => open())).message).toContain(why);

    rmSync(path, { recursive: true });
    replaceKey(keyFile(0));
    expect(await tokenOf(registry)).toMatch(/^Bearer /);
    expect(changes.map(({ newKeyId }) => newKeyId)).toEqual([undefined, "key-0"]);
  },
);

test("impersonation goes where Google's host is found, with the source's token, and both are our own", async () => {
  replaceKey(keyFile(0));
  const target = "deployer@practice.iam.gserviceaccount.com";
  const registry = open({
    kind: "impersonation",
    target,
    scopes,
    source: { kind: "key_file", path, scopes },
  });
  expect(await tokenOf(registry)).toBe("Bearer upstream-token-000002");
  expect(server.requests[1]).toMatchObject({
    path: `/v1/projects/-/serviceAccounts/${encodeURIComponent(target)}:generateAccessToken`,
    host: "iamcredentials.googleapis.com",
    authorization: "Bearer upstream-token-000001",
  });
  expect(registry.ownCredentials().map((each) => each.reveal())).toEqual([
    "upstream-token-000001",
    "upstream-token-000002",
  ]);
});

test("a refused impersonation says so without the source's token", async () => {
  replaceKey(keyFile(0));
  const registry = open({
    kind: "impersonation",
    target: "deployer@practice.iam.gserviceaccount.com",
    scopes,
    source: { kind: "key_file", path, scopes },
  });
  server.answerWith((request, response) => {
    const isSource = request.path === "/token";
    response.writeHead(isSource ? 200 : 403, { "content-type": "application/json" });
    response.end(
      isSource
        ? '{"access_token":"canary-canary","expires_in":3600}'
        : `{"error":"${request.authorization ?? ""}"}`,
    );
  });
  const problem = await problemOf(() => tokenOf(registry));
  expect(problem.message).toContain("403");
  expect(printed(problem)).not.toContain("canary");
});

test("application default credentials are found the way Google's library finds them", async () => {
  const subject = join(folder, "subject.jwt");
  writeFileSync(subject, "subject-token-of-the-workload");
  const file = join(folder, "adc.json");
  writeFileSync(
    file,
    JSON.stringify({
      type: "external_account",
      audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      token_url: `${server.url}/sts`,
      credential_source: { file: subject },
    }),
  );
  const before = process.env["GOOGLE_APPLICATION_CREDENTIALS"];
  process.env["GOOGLE_APPLICATION_CREDENTIALS"] = file;
  try {
    expect(await tokenOf(open({ kind: "application_default", scopes }))).toBe("Bearer upstream-token-000001");
    expect(server.requests[0]?.body).toContain("subject-token-of-the-workload");
  } finally {
    if (before === undefined) delete process.env["GOOGLE_APPLICATION_CREDENTIALS"];
    else process.env["GOOGLE_APPLICATION_CREDENTIALS"] = before;
  }
});

test("another account's key under the same name makes it another connection; another key of its account does not", async () => {
  replaceKey(keyFile(0));
  const connections = open();
  const first = connections.versionOf("practice");
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  replaceKey(keyFile(1, { client_email: "runner-0@practice.iam.gserviceaccount.com" }));
  expect(connections.versionOf("practice")).toBe(first);
  replaceKey(keyFile(1));
  expect(connections.versionOf("practice")).not.toBe(first);
  expect(connections.versionOf("other")).toBeUndefined();
});

test("a connection without identity lends no credential", async () => {
  expect(await tokenOf(open({ kind: "none" }))).toBeUndefined();
  expect(server.requests).toEqual([]);
});

test("a closed registry breaks off what is being fetched and lends nothing more", async () => {
  replaceKey(keyFile(0));
  const registry = open();
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  server.answerWith(() => arrive());
  const waiting = problemOf(() => tokenOf(registry));
  await arrived;
  await registry.close();
  expect((await waiting).code).toBe("credential_unavailable");
  expect((await problemOf(() => tokenOf(registry))).code).toBe("connection_closed");
});
