import { generateKeyPairSync } from "node:crypto";
import { SignJWT } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type KeyFile, type PracticeCloud, startPracticeCloud } from "#practice/cloud";
import { accessTokenFor, ask, assertionOf, exchange, type Reply, SteppedClock } from "./caller.fixture.ts";

const HOUR_MS = 3_600_000;
const SECRET =
  "GET secretmanager.googleapis.com/v1/projects/practice-project/secrets/db-password/versions/latest:access";
const BUCKETS = "GET storage.googleapis.com/storage/v1/b?project=practice-project";
const clock = new SteppedClock();

let cloud: PracticeCloud;
let key: KeyFile;

beforeAll(async () => {
  cloud = await startPracticeCloud({ clock, operationMs: 0 });
  key = await cloud.issueKey();
});

afterAll(() => cloud.close());

const unauthenticated = { error: { code: 401, status: "UNAUTHENTICATED" } };

function expectRefused(reply: Reply): void {
  expect(reply.status).toBe(401);
  expect(reply.headers["www-authenticate"]).toContain("Bearer");
  expect(reply.bytes.toString()).not.toContain("canary");
}

test("the practice cloud refuses to listen beyond loopback", async () => {
  await expect(startPracticeCloud({ host: "0.0.0.0" })).rejects.toThrow("loopback only");
});

test("a request without a credential is refused in Google's error shape", async () => {
  const reply = await ask(cloud, SECRET);
  expectRefused(reply);
  expect(reply.json()).toMatchObject({
    error: { ...unauthenticated.error, details: [{ reason: "CREDENTIALS_MISSING" }] },
  });
});

test("storage refuses in the shape of the older APIs", async () => {
  const reply = await ask(cloud, BUCKETS);
  expectRefused(reply);
  expect(reply.json()).toMatchObject({
    error: { code: 401, errors: [{ domain: "global", reason: "authError" }] },
  });
});

test("a foreign token is refused, be it Google's, a JWT or a guess", async () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwt = await new SignJWT({ aud: "https://secretmanager.googleapis.com/" })
    .setProtectedHeader({ alg: "RS256" })
    .setIssuer(key.client_email)
    .sign(privateKey);
  for (const token of ["ya29.a0AfH6SMBx", jwt, "practice-guess", "undefined"]) {
    expectRefused(await ask(cloud, SECRET, { token }));
  }
});

test("a token in the query or as Basic credentials is refused", async () => {
  const token = await accessTokenFor(cloud, key, clock.now());
  expectRefused(await ask(cloud, `${SECRET}?access_token=${token}`));
  const basic = Buffer.from(`x:${token}`).toString("base64");
  expectRefused(await ask(cloud, SECRET, { headers: { authorization: `Basic ${basic}` } }));
});

test("an unknown method is refused like any other without a credential, so that nothing can be probed", async () => {
  expectRefused(await ask(cloud, "GET secretmanager.googleapis.com/v1/nothing"));
});

test("an assertion is refused when another key signed it, or when it is for somebody else, elsewhere or old", async () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const forged = { ...key, private_key: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
  const assertions = [
    await assertionOf(forged, clock.now()),
    await assertionOf(key, clock.now(), { issuer: "robot@practice-project.iam.gserviceaccount.com" }),
    await assertionOf(key, clock.now(), { audience: "https://elsewhere.example.com/token" }),
    await assertionOf(key, clock.now(), { issuedAt: new Date(clock.now().getTime() - 2 * HOUR_MS) }),
    "not-a-jwt",
  ];
  for (const assertion of assertions) {
    const reply = await exchange(cloud, assertion);
    expect([reply.status, reply.json()]).toMatchObject([400, { error: "invalid_grant" }]);
  }
});

test("an unsigned assertion is refused", async () => {
  const [, payload = ""] = (await assertionOf(key, clock.now())).split(".");
  const header = Buffer.from('{"alg":"none"}').toString("base64url");
  expect((await exchange(cloud, `${header}.${payload}.`)).json()).toMatchObject({ error: "invalid_grant" });
});

test("an assertion that asks for no scope, and any other grant, are refused", async () => {
  expect((await exchange(cloud, await assertionOf(key, clock.now(), { scope: " " }))).json()).toMatchObject({
    error: "invalid_scope",
  });
  const body = "grant_type=password&username=root";
  expect((await ask(cloud, "POST oauth2.googleapis.com/token", { body })).json()).toMatchObject({
    error: "unsupported_grant_type",
  });
});

test("a token is refused after its hour", async () => {
  const token = await accessTokenFor(cloud, key, clock.now());
  clock.pass(HOUR_MS - 1);
  expect((await ask(cloud, SECRET, { token })).status).toBe(200);
  clock.pass(1);
  expectRefused(await ask(cloud, SECRET, { token }));
});

test("revoking a key kills its tokens at once, and those of no other key", async () => {
  const [old, fresh] = [await cloud.issueKey(), await cloud.issueKey()];
  const [oldToken, freshToken] = [
    await accessTokenFor(cloud, old, clock.now()),
    await accessTokenFor(cloud, fresh, clock.now()),
  ];
  expect(cloud.revokeKey(old.private_key_id)).toBe(true);
  expectRefused(await ask(cloud, SECRET, { token: oldToken }));
  expect((await exchange(cloud, await assertionOf(old, clock.now()))).status).toBe(400);
  expect((await ask(cloud, SECRET, { token: freshToken })).status).toBe(200);
  expect(cloud.revokeKey(old.private_key_id)).toBe(false);
});

test("another project is refused, whoever asks", async () => {
  const token = await accessTokenFor(cloud, key, clock.now());
  const reply = await ask(cloud, "GET secretmanager.googleapis.com/v1/projects/other/secrets", { token });
  expect([reply.status, reply.json()]).toMatchObject([403, { error: { status: "PERMISSION_DENIED" } }]);
});

test("an unknown host, an unknown method and a look-alike of a regional host are not found", async () => {
  const token = await accessTokenFor(cloud, key, clock.now());
  const lines = [
    "GET bigquery.googleapis.com/bigquery/v2/projects/practice-project/datasets",
    "GET secretmanager.googleapis.com/v2/projects/practice-project/secrets",
    "GET evil.us-central1-run.googleapis.com/v1/projects/practice-project/locations",
  ];
  for (const line of lines) expect((await ask(cloud, line, { token })).status).toBe(404);
});

test("broken percent-encoding and broken JSON are the caller's mistakes", async () => {
  const token = await accessTokenFor(cloud, key, clock.now());
  const objects = "storage.googleapis.com/storage/v1/b/practice-bucket/o";
  expect((await ask(cloud, `GET ${objects}/%E0%A4%A`, { token })).status).toBe(400);
  expect((await ask(cloud, "POST storage.googleapis.com/storage/v1/b", { token, body: "{" })).status).toBe(
    400,
  );
  expect((await ask(cloud, "POST storage.googleapis.com/storage/v1/b", { token, body: "[]" })).status).toBe(
    400,
  );
});

test("every request is counted, refused ones and those for tokens too", async () => {
  const host = "secretmanager.googleapis.com";
  const before = cloud.count();
  await ask(cloud, SECRET);
  const token = await accessTokenFor(cloud, key, clock.now());
  await ask(cloud, `${SECRET}?alt=json`, { token });
  expect(cloud.count() - before).toBe(3);
  const [refused, exchanged, answered] = cloud.requests().slice(-3);
  expect(refused).toMatchObject({ method: "GET", host, authorized: false });
  expect(exchanged).toMatchObject({ method: "POST", path: "/token", authorized: false });
  expect(answered).toMatchObject({ authorized: true, at: clock.now() });
  expect(answered?.path).toMatch(/:access$/);
  expect(cloud.count({ host, path: /no-such-secret/ })).toBe(0);
});

test("a failure that a test asked for happens once, and only to the request it was meant for", async () => {
  const token = await accessTokenFor(cloud, key, clock.now());
  cloud.failNext({ code: "UNAVAILABLE", message: "Try again." }, { path: /:access$/ });
  expect((await ask(cloud, BUCKETS, { token })).status).toBe(200);
  const reply = await ask(cloud, SECRET, { token });
  expect([reply.status, reply.json()]).toMatchObject([
    503,
    { error: { status: "UNAVAILABLE", message: "Try again." } },
  ]);
  expect((await ask(cloud, SECRET, { token })).status).toBe(200);
});

test("a batch answers each part as if it had come alone, with the credential of the batch", async () => {
  const token = await accessTokenFor(cloud, key, clock.now());
  const instances = "/compute/v1/projects/practice-project/zones/us-central1-a/instances";
  const part = (id: string, name: string): string =>
    `--b\r\nContent-Type: application/http\r\nContent-ID: <${id}>\r\n\r\nGET ${instances}/${name} HTTP/1.1\r\n\r\n\r\n`;
  const send = {
    headers: { "content-type": "multipart/mixed; boundary=b" },
    body: `${part("1", "web-1")}${part("2", "none")}--b--`,
  };
  expectRefused(await ask(cloud, "POST compute.googleapis.com/batch/compute/v1", send));
  const reply = await ask(cloud, "POST compute.googleapis.com/batch/compute/v1", { ...send, token });
  const text = reply.bytes.toString();
  expect(reply.headers["content-type"]).toMatch(/^multipart\/mixed; boundary=/);
  expect(text).toMatch(/<response-1>.*HTTP\/1\.1 200 OK.*"web-1".*<response-2>.*HTTP\/1\.1 404 /s);
  const nested = send.body.replaceAll(`GET ${instances}/web-1`, "POST /batch/compute/v1");
  expect(
    (await ask(cloud, "POST compute.googleapis.com/batch", { ...send, body: nested, token })).status,
  ).toBe(400);
});
