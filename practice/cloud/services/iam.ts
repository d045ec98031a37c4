import { readPolicy, setPolicyFrom } from "../access-policy.ts";
import type { IssuedKey } from "../credentials.ts";
import { GoogleError, notFound } from "../google-error.ts";
import { type JsonObject, objectIn, ownText, textIn } from "../json.ts";
import { pageOf } from "../page.ts";
import { type Answer, type Call, route, type Service } from "../router.ts";
import type { World } from "../world.ts";

const KEY_LIFE_MS = 3_650 * 24 * 60 * 60 * 1000;

/** IAM v1: service accounts and their keys. The keys are real: the token endpoint takes what they sign. */
export function iam(world: World): Service {
  const accounts = "/v1/projects/{project}/serviceAccounts";
  const keys = `${accounts}/{account}/keys`;
  const ok = (body: JsonObject): Answer => ({ status: 200, body });
  return {
    hosts: ["iam.googleapis.com"],
    errors: "rpc",
    routes: [
      route("GET", accounts, (call) => ok(listAccounts(world, call))),
      route("POST", accounts, (call) => ok(createAccount(world, call))),
      route("GET", `${accounts}/{account}`, (call) => ok(accountOf(world, call))),
      route("DELETE", `${accounts}/{account}`, (call) => ok(deleteAccount(world, call))),
      route("POST", `${accounts}/{account}:getIamPolicy`, (call) =>
        ok(readPolicy(world, nameOf(world, call))),
      ),
      route("POST", `${accounts}/{account}:setIamPolicy`, (call) =>
        ok(setPolicyFrom(world, nameOf(world, call), call)),
      ),
      route("GET", keys, (call) => ok(listKeys(world, call))),
      route("POST", keys, async (call) => ok(await createKey(world, call))),
      route("GET", `${keys}/{key}`, (call) => ok(renderKey(world, keyOf(world, call)))),
      route("DELETE", `${keys}/{key}`, (call) => ok(deleteKey(world, call))),
    ],
  };
}

export function newServiceAccount(world: World, id: string, displayName: string): JsonObject {
  const email = `${id}@${world.project.id}.iam.gserviceaccount.com`;
  const uniqueId = world.nextNumber();
  return {
    name: accountName(world, email),
    projectId: world.project.id,
    uniqueId,
    email,
    displayName,
    etag: "MDEwMjE5MjA=",
    oauth2ClientId: uniqueId,
  };
}

function accountName(world: World, email: string): string {
  return `projects/${world.project.id}/serviceAccounts/${email}`;
}

/** Accounts are named by e-mail or by unique id, under their project or under `-`. */
function accountOf(world: World, call: Call): JsonObject {
  const asked = call.param("account");
  const found =
    world.serviceAccounts.get(asked) ??
    [...world.serviceAccounts.values()].find((each) => each["uniqueId"] === asked);
  if (found === undefined) throw notFound(`projects/${call.param("project")}/serviceAccounts/${asked}`);
  return found;
}

function emailOf(world: World, call: Call): string {
  return ownText(accountOf(world, call), "email");
}

function nameOf(world: World, call: Call): string {
  return ownText(accountOf(world, call), "name");
}

function listAccounts(world: World, call: Call): JsonObject {
  const { items, ...rest } = pageOf([...world.serviceAccounts.values()], call);
  return { accounts: items, ...rest };
}

function createAccount(world: World, call: Call): JsonObject {
  const body = call.json();
  const id = textIn(body, "accountId") ?? "";
  if (!/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/.test(id)) {
    throw new GoogleError(
      "INVALID_ARGUMENT",
      "accountId must have 6 to 30 lower-case letters, digits and hyphens.",
    );
  }
  const proposed = objectIn(body, "serviceAccount");
  const account = newServiceAccount(world, id, textIn(proposed, "displayName") ?? "");
  const email = ownText(account, "email");
  if (world.serviceAccounts.has(email)) {
    throw new GoogleError(
      "ALREADY_EXISTS",
      `Service account ${id} already exists within ${ownText(account, "name")}.`,
    );
  }
  world.serviceAccounts.set(email, account);
  return account;
}

function deleteAccount(world: World, call: Call): JsonObject {
  const email = emailOf(world, call);
  for (const key of world.credentials.keysOf(email)) world.credentials.revokeKey(key.id);
  world.serviceAccounts.delete(email);
  return {};
}

function listKeys(world: World, call: Call): JsonObject {
  const keys = world.credentials.keysOf(emailOf(world, call));
  return { keys: keys.map((key) => renderKey(world, key)) };
}

async function createKey(world: World, call: Call): Promise<JsonObject> {
  const file = await world.credentials.issueKey(emailOf(world, call));
  const key = world.credentials.key(file.private_key_id);
  if (key === undefined) throw new Error("the key just issued is missing");
  return {
    ...renderKey(world, key),
    privateKeyType: "TYPE_GOOGLE_CREDENTIALS_FILE",
    privateKeyData: Buffer.from(JSON.stringify(file, null, 2)).toString("base64"),
  };
}

function keyOf(world: World, call: Call): IssuedKey {
  const key = world.credentials.key(call.param("key"));
  if (key === undefined || key.email !== emailOf(world, call)) {
    throw notFound(`${nameOf(world, call)}/keys/${call.param("key")}`);
  }
  return key;
}

function deleteKey(world: World, call: Call): JsonObject {
  world.credentials.revokeKey(keyOf(world, call).id);
  return {};
}

function renderKey(world: World, key: IssuedKey): JsonObject {
  return {
    name: `${accountName(world, key.email)}/keys/${key.id}`,
    validAfterTime: key.createdAt.toISOString(),
    validBeforeTime: new Date(key.createdAt.getTime() + KEY_LIFE_MS).toISOString(),
    keyAlgorithm: "KEY_ALG_RSA_2048",
    keyOrigin: "GOOGLE_PROVIDED",
    keyType: "USER_MANAGED",
  };
}
