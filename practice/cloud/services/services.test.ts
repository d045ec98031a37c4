import { generateKeyPairSync, sign } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type KeyFile, PRACTICE_SECRET_VALUE, type PracticeCloud, startPracticeCloud } from "#practice/cloud";
import { type Ask, accessTokenFor, ask, type Reply, SteppedClock } from "../caller.fixture.ts";
import { crc32c } from "../crc32c.ts";

const P = "projects/practice-project";
const OPERATION_MS = 2_000;

let cloud: PracticeCloud;
let clock: SteppedClock;
let token: string;

beforeEach(async () => {
  clock = new SteppedClock();
  cloud = await startPracticeCloud({ clock, operationMs: OPERATION_MS });
  token = await accessTokenFor(cloud, await cloud.issueKey(), clock.now());
});

afterEach(() => cloud.close());

function google(line: string, more: Ask = {}): Promise<Reply> {
  return ask(cloud, line.replace(/^(\w+) (\w+)\//, "$1 $2.googleapis.com/"), { token, ...more });
}

async function json(line: string, body?: object): Promise<unknown> {
  return (await google(line, body === undefined ? {} : { body })).json();
}

async function status(line: string, body?: object): Promise<number> {
  return (await google(line, body === undefined ? {} : { body })).status;
}

test("Resource Manager lists the one project in both versions", async () => {
  expect(await json("GET cloudresourcemanager/v1/projects")).toMatchObject({
    projects: [{ projectId: "practice-project", lifecycleState: "ACTIVE" }],
  });
  expect(await json("GET cloudresourcemanager/v3/projects:search?query=id:practice-project")).toMatchObject({
    projects: [{ state: "ACTIVE" }],
  });
  expect(await json("GET cloudresourcemanager/v1/projects?filter=id:other")).toEqual({ projects: [] });
});

test("a policy with a stale etag is refused, and the project's policy is the same in both versions", async () => {
  const bindings = [{ role: "roles/viewer", members: ["user:developer@example.com"] }];
  const set = { policy: { bindings, etag: "" } };
  expect(await status(`POST cloudresourcemanager/v1/${P}:setIamPolicy`, set)).toBe(409);
  expect(await status(`POST cloudresourcemanager/v1/${P}:setIamPolicy`, { policy: { bindings } })).toBe(200);
  expect(await json(`POST cloudresourcemanager/v3/${P}:getIamPolicy`, {})).toMatchObject({ bindings });
  expect(
    await json(`POST cloudresourcemanager/v1/${P}:testIamPermissions`, { permissions: ["a.b.c"] }),
  ).toEqual({
    permissions: ["a.b.c"],
  });
});

test("Secret Manager hands out payloads with their checksum, and no longer once disabled or destroyed", async () => {
  const version = `secretmanager/v1/${P}/secrets/db-password/versions`;
  const data = Buffer.from(PRACTICE_SECRET_VALUE);
  expect(await json(`GET ${version}/latest:access`)).toMatchObject({
    payload: { data: data.toString("base64"), dataCrc32c: String(crc32c(data)) },
  });
  expect(await json(`POST ${version}/1:disable`, {})).toMatchObject({ state: "DISABLED" });
  expect(await json(`GET ${version}/1:access`)).toMatchObject({ error: { status: "FAILED_PRECONDITION" } });
  expect(await json(`POST ${version}/1:enable`, {})).toMatchObject({ state: "ENABLED" });
  expect(await json(`POST ${version}/1:destroy`, {})).toMatchObject({ state: "DESTROYED" });
  expect(await status(`POST ${version}/1:enable`, {})).toBe(400);
});

test("a secret is created once, takes versions whose checksum fits, and is gone when deleted", async () => {
  const secrets = `secretmanager/v1/${P}/secrets`;
  const replication = { automatic: {} };
  expect(await json(`POST ${secrets}?secretId=extra`, { replication })).toMatchObject({
    name: expect.stringMatching(/extra$/) as string,
  });
  expect(await status(`POST ${secrets}?secretId=extra`, { replication })).toBe(409);
  expect(await status(`POST ${secrets}?secretId=a%2Fb`, { replication })).toBe(400);
  const data = Buffer.from("value").toString("base64");
  expect(await status(`POST ${secrets}/extra:addVersion`, { payload: { data, dataCrc32c: "1" } })).toBe(400);
  expect(await status(`POST ${secrets}/extra:addVersion`, { payload: { data } })).toBe(200);
  expect(await json(`GET ${secrets}/extra/versions/latest:access`)).toMatchObject({ payload: { data } });
  expect(await json(`GET ${secrets}?pageSize=1`)).toMatchObject({
    totalSize: 3,
    nextPageToken: expect.any(String) as string,
  });
  expect(await status(`DELETE ${secrets}/extra`)).toBe(200);
  expect(await status(`GET ${secrets}/extra`)).toBe(404);
});

interface Upload {
  readonly uploadUrl: string;
  readonly storageSource: { readonly bucket: string; readonly object: string };
}

async function stage(): Promise<Upload> {
  return (await json(
    `POST cloudfunctions/v2/${P}/locations/us-central1/functions:generateUploadUrl`,
    {},
  )) as Upload;
}

const zip = { headers: { "content-type": "application/zip" }, body: "PK" };

test("a signed upload URL works without a bearer, for its verb, type, object and half hour only", async () => {
  const { uploadUrl } = await stage();
  const denied = async (line: string, more: Ask = zip): Promise<void> => {
    const reply = await ask(cloud, line, more);
    expect([reply.status, reply.bytes.toString()]).toMatchObject([
      403,
      expect.stringContaining("SignatureDoesNotMatch"),
    ]);
  };
  await denied(`PUT ${uploadUrl}`, { ...zip, headers: { "content-type": "text/html" } });
  await denied(`PUT ${uploadUrl.replace(".zip?", ".exe?")}`);
  await denied(`PUT ${uploadUrl.replace("X-Goog-Expires=1800", "X-Goog-Expires=999999")}`);
  await denied(`PUT ${uploadUrl.replace(/Signature=[0-9a-f]{4}/, "Signature=0000")}`);
  expect((await ask(cloud, `PUT ${uploadUrl.split("?")[0] ?? ""}`, zip)).status).toBe(401);
  expect((await ask(cloud, `GET ${uploadUrl}`)).status).toBe(401);
  expect((await ask(cloud, `PUT ${uploadUrl}`, zip)).status).toBe(200);
  clock.pass(30 * 60_000);
  await denied(`PUT ${uploadUrl}`);
});

test("a function whose source was never uploaded is refused", async () => {
  const { storageSource } = await stage();
  const body = { buildConfig: { runtime: "nodejs22", source: { storageSource } } };
  expect(
    await status(`POST cloudfunctions/v2/${P}/locations/us-central1/functions?functionId=greet`, body),
  ).toBe(400);
});

test("a deployment takes its time, then the function is ACTIVE with a URL and runs as a Run service", async () => {
  const { uploadUrl, storageSource } = await stage();
  await ask(cloud, `PUT ${uploadUrl}`, zip);
  const functions = `cloudfunctions/v2/${P}/locations/us-central1/functions`;
  const body = { buildConfig: { runtime: "nodejs22", entryPoint: "hello", source: { storageSource } } };
  const started = (await json(`POST ${functions}?functionId=greet`, body)) as { name: string; done: boolean };
  expect(started.done).toBe(false);
  expect(await status(`POST ${functions}?functionId=greet`, body)).toBe(409);
  clock.pass(OPERATION_MS - 1);
  expect(await json(`GET ${functions}/greet`)).toMatchObject({ state: "DEPLOYING" });
  clock.pass(1);
  expect(await json(`GET cloudfunctions/v2/${started.name}`)).toMatchObject({
    done: true,
    response: { state: "ACTIVE", url: expect.stringMatching(/greet$/) as string },
  });
  expect(await json(`GET ${functions}/greet`)).toMatchObject({
    state: "ACTIVE",
    buildConfig: { entryPoint: "hello" },
  });
  expect(await status(`GET run/v2/${P}/locations/us-central1/services/greet`)).toBe(200);
});

test("an update changes what its mask names and leaves the rest", async () => {
  const hello = `cloudfunctions/v2/${P}/locations/us-central1/functions/hello`;
  const serviceConfig = { environmentVariables: { A: "b" } };
  await json(`PATCH ${hello}?updateMask=service_config.environment_variables`, {
    serviceConfig,
    description: "ignored",
  });
  clock.pass(OPERATION_MS);
  expect(await json(`GET ${hello}`)).toMatchObject({
    state: "ACTIVE",
    description: "Says hello",
    serviceConfig: { ...serviceConfig, availableMemory: "256M" },
  });
});

test("deleting a function takes its Run service with it", async () => {
  const hello = `${P}/locations/us-central1/functions/hello`;
  expect(await json(`DELETE cloudfunctions/v2/${hello}`)).toMatchObject({
    done: false,
    metadata: { verb: "delete" },
  });
  clock.pass(OPERATION_MS);
  expect(await status(`GET cloudfunctions/v2/${hello}`)).toBe(404);
  expect(await status(`GET run/v2/${P}/locations/us-central1/services/hello`)).toBe(404);
  expect(await json(`GET cloudfunctions/v2/${P}/locations/-/functions`)).toEqual({ functions: [] });
});

test("a Run service is created on its region's host, listed everywhere, and shares its policy between versions", async () => {
  const services =
    "us-central1-run.googleapis.com/apis/serving.knative.dev/v1/namespaces/practice-project/services";
  const body = { metadata: { name: "web" }, spec: { template: { spec: { containers: [{ image: "i" }] } } } };
  expect(await json(`POST ${services}`, body)).toMatchObject({
    status: { url: expect.any(String) as string },
  });
  expect(await status(`POST ${services}`, body)).toBe(409);
  expect(await json(`PUT ${services}/web`, body)).toMatchObject({ metadata: { generation: 2 } });
  expect(await json(`GET run/v1/${P}/locations/-/services`)).toMatchObject({
    items: [{ metadata: { name: "hello" } }, { metadata: { name: "web" } }],
  });
  expect(
    await json(`GET europe-west1-run.googleapis.com/v1/${P}/locations/europe-west1/services`),
  ).toMatchObject({ items: [] });
  const bindings = [{ role: "roles/run.invoker", members: ["allUsers"] }];
  const web = `${P}/locations/us-central1/services/web`;
  await json(`POST run/v1/${web}:setIamPolicy`, { policy: { bindings } });
  expect(await json(`GET run/v2/${web}:getIamPolicy`)).toMatchObject({ bindings });
  expect(await status(`DELETE ${services}/web`)).toBe(200);
  expect(await status(`GET ${services}/web`)).toBe(404);
});

test("deployments find every API enabled and learn whose identity builds have", async () => {
  const services = `serviceusage/v1/${P}/services`;
  expect(await json(`GET ${services}/run.googleapis.com`)).toMatchObject({ state: "ENABLED" });
  expect(await json(`GET ${services}:batchGet?names=${P}/services/a.googleapis.com`)).toMatchObject({
    services: [{ state: "ENABLED" }],
  });
  const { name } = (await json(`POST ${services}/run.googleapis.com:enable`, {})) as { name: string };
  clock.pass(OPERATION_MS);
  expect(await json(`GET serviceusage/v1/${name}`)).toMatchObject({ done: true });
  expect(await json(`GET cloudbuild/v1/${P}/locations/us-central1/defaultServiceAccount`)).toMatchObject({
    serviceAccountEmail: expect.stringContaining("-compute@") as string,
  });
});

test("a service account key is real: what it signs is good for tokens until the key is deleted", async () => {
  const keys = "iam/v1/projects/-/serviceAccounts/robot@practice-project.iam.gserviceaccount.com/keys";
  const created = (await json(`POST ${keys}`, {})) as { name: string; privateKeyData: string };
  const file = JSON.parse(Buffer.from(created.privateKeyData, "base64").toString()) as KeyFile;
  const robotToken = await accessTokenFor(cloud, file, clock.now());
  expect((await google("GET cloudresourcemanager/v1/projects", { token: robotToken })).status).toBe(200);
  expect(JSON.stringify(await json(`GET ${keys}`))).not.toContain("privateKeyData");
  expect(await status(`DELETE iam/v1/${created.name}`)).toBe(200);
  expect((await google("GET cloudresourcemanager/v1/projects", { token: robotToken })).status).toBe(401);
});

test("service accounts are created once, named by e-mail, and take their keys with them", async () => {
  const accounts = `iam/v1/${P}/serviceAccounts`;
  const email = "builder@practice-project.iam.gserviceaccount.com";
  expect(await json(`POST ${accounts}`, { accountId: "builder" })).toMatchObject({ email });
  expect(await status(`POST ${accounts}`, { accountId: "builder" })).toBe(409);
  expect(await status(`POST ${accounts}`, { accountId: "No" })).toBe(400);
  await json(`POST ${accounts}/${email}/keys`, {});
  expect(await status(`DELETE ${accounts}/${email}`)).toBe(200);
  expect(await status(`GET ${accounts}/${email}/keys`)).toBe(404);
  expect(await json(`GET ${accounts}`)).toMatchObject({
    accounts: [{ displayName: "Robot" }, { displayName: "Gatehouse" }],
  });
});

test("an instance that is deleted stops first and is gone when the operation is done", async () => {
  const instances = `compute/compute/v1/${P}/zones/us-central1-a/instances`;
  const operation = (await json(`DELETE ${instances}/web-1`)) as { name: string; status: string };
  expect(operation.status).toBe("RUNNING");
  expect(await json(`GET ${instances}/web-1`)).toMatchObject({ status: "STOPPING" });
  clock.pass(OPERATION_MS);
  const wait = `POST compute/compute/v1/${P}/zones/us-central1-a/operations/${operation.name}/wait`;
  expect(await json(wait, {})).toMatchObject({ status: "DONE", progress: 100 });
  expect(await json(`GET ${instances}/web-1`)).toMatchObject({
    error: { code: 404, errors: [{ reason: "notFound" }] },
  });
  expect(await status(wait.replace("us-central1-a", "us-east1-a"), {})).toBe(404);
});

test("instances are inserted, stopped, started and given metadata", async () => {
  const instances = `compute/compute/v1/${P}/zones/us-east1-b/instances`;
  expect(await status(`POST ${instances}`, { name: "Bad_Name" })).toBe(400);
  expect(await status(`POST ${instances.replace("us-east1-b", "nowhere-x")}`, { name: "db-1" })).toBe(404);
  await json(`POST ${instances}`, { name: "db-1" });
  expect(await json(`GET ${instances}`)).toMatchObject({ items: [{ name: "db-1", status: "PROVISIONING" }] });
  clock.pass(OPERATION_MS);
  const steps = [
    ["stop", {}, { status: "TERMINATED" }],
    ["start", {}, { status: "RUNNING" }],
  ] as const;
  for (const [verb, body, expected] of steps) {
    await json(`POST ${instances}/db-1/${verb}`, body);
    clock.pass(OPERATION_MS);
    expect(await json(`GET ${instances}/db-1`)).toMatchObject(expected);
  }
  await json(`POST ${instances}/db-1/setMetadata`, { items: [{ key: "k", value: "v" }] });
  clock.pass(OPERATION_MS);
  expect(await json(`GET compute/compute/v1/${P}/aggregated/instances`)).toMatchObject({
    items: { "zones/us-east1-b": { instances: [{ metadata: { items: [{ key: "k", value: "v" }] } }] } },
  });
});

test("topics are created once, listed and deleted", async () => {
  const topic = `pubsub/v1/${P}/topics/events`;
  expect(await json(`PUT ${topic}`, {})).toEqual({ name: `${P}/topics/events` });
  expect(await status(`PUT ${topic}`, {})).toBe(409);
  expect(await json(`GET pubsub/v1/${P}/topics`)).toMatchObject({ topics: [{ name: `${P}/topics/events` }] });
  expect(await status(`DELETE ${topic}`)).toBe(200);
  expect(await status(`GET ${topic}`)).toBe(404);
});

test("the checksum is CRC-32C, by the check value of RFC 3720", () => {
  expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
});

test("a signature by a key that the practice cloud does not sign URLs with is refused", async () => {
  const { uploadUrl } = await stage();
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const forged = sign("sha256", Buffer.from(uploadUrl), privateKey).toString("hex");
  const reply = await ask(
    cloud,
    `PUT ${uploadUrl.replace(/Signature=[0-9a-f]+/, `Signature=${forged}`)}`,
    zip,
  );
  expect(reply.status).toBe(403);
});
