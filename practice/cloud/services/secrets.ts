import { permissionsFrom, readPolicy, setPolicyFrom } from "../access-policy.ts";
import { crc32c } from "../crc32c.ts";
import { GoogleError, notFound } from "../google-error.ts";
import { type JsonObject, objectIn, textIn } from "../json.ts";
import { pageOf } from "../page.ts";
import { type Answer, type Call, route, type Service } from "../router.ts";
import { now, type Secret, type SecretVersion, type World } from "../world.ts";

const PAYLOAD_BYTES_MAX = 64 * 1024;

/** Secret Manager v1: secrets, their versions, and the payloads themselves. */
export function secretManager(world: World): Service {
  const secrets = "/v1/projects/{project}/secrets";
  const version = `${secrets}/{secret}/versions/{version}`;
  const ok = (body: JsonObject): Answer => ({ status: 200, body });
  return {
    hosts: ["secretmanager.googleapis.com"],
    errors: "rpc",
    routes: [
      route("GET", secrets, (call) => ok(listSecrets(world, call))),
      route("POST", secrets, (call) => ok(createSecret(world, call))),
      route("GET", `${secrets}/{secret}`, (call) => ok(secretOf(world, call).resource)),
      route("DELETE", `${secrets}/{secret}`, (call) => ok(deleteSecret(world, call))),
      route("GET", `${secrets}/{secret}:getIamPolicy`, (call) => ok(readPolicy(world, nameOf(world, call)))),
      route("POST", `${secrets}/{secret}:setIamPolicy`, (call) =>
        ok(setPolicyFrom(world, nameOf(world, call), call)),
      ),
      route("POST", `${secrets}/{secret}:testIamPermissions`, (call) => ok(permissionsFrom(call))),
      route("POST", `${secrets}/{secret}:addVersion`, (call) => ok(addVersion(world, call))),
      route("GET", `${secrets}/{secret}/versions`, (call) => ok(listVersions(world, call))),
      route("GET", `${version}:access`, (call) => ok(access(world, call))),
      route("GET", version, (call) => ok(render(world, call, versionOf(world, call)))),
      route("POST", `${version}:disable`, (call) => ok(changeState(world, call, "DISABLED"))),
      route("POST", `${version}:enable`, (call) => ok(changeState(world, call, "ENABLED"))),
      route("POST", `${version}:destroy`, (call) => ok(changeState(world, call, "DESTROYED"))),
    ],
  };
}

/** Secret Manager names things by project number, whatever the request said. */
export function secretName(world: World, id: string): string {
  return `projects/${world.project.number}/secrets/${id}`;
}

function nameOf(world: World, call: Call): string {
  return secretName(world, call.param("secret"));
}

function secretOf(world: World, call: Call): Secret {
  const secret = world.secrets.get(nameOf(world, call));
  if (secret === undefined) throw notFound(nameOf(world, call));
  return secret;
}

function listSecrets(world: World, call: Call): JsonObject {
  const { items, ...rest } = pageOf([...world.secrets.values()], call);
  return { secrets: items.map(({ resource }) => resource), totalSize: world.secrets.size, ...rest };
}

function createSecret(world: World, call: Call): JsonObject {
  const id = call.query.get("secretId") ?? "";
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(id))
    throw new GoogleError("INVALID_ARGUMENT", "secretId is missing or malformed.");
  const name = secretName(world, id);
  if (world.secrets.has(name)) throw new GoogleError("ALREADY_EXISTS", `Secret [${name}] already exists.`);
  const resource = newSecretResource(world, id, call.json());
  world.secrets.set(name, { resource, versions: [] });
  return resource;
}

export function newSecretResource(world: World, id: string, proposed: JsonObject): JsonObject {
  return {
    replication: { automatic: {} },
    ...proposed,
    name: secretName(world, id),
    createTime: now(world),
    etag: `"${world.nextNumber()}"`,
  };
}

function deleteSecret(world: World, call: Call): JsonObject {
  secretOf(world, call);
  world.secrets.delete(nameOf(world, call));
  return {};
}

function addVersion(world: World, call: Call): JsonObject {
  const secret = secretOf(world, call);
  const payload = objectIn(call.json(), "payload");
  const bytes = Buffer.from(textIn(payload, "data") ?? "", "base64");
  if (bytes.length === 0) throw new GoogleError("INVALID_ARGUMENT", "The payload is empty.");
  if (bytes.length > PAYLOAD_BYTES_MAX)
    throw new GoogleError("INVALID_ARGUMENT", "The payload exceeds 64 KiB.");
  // proto3 JSON writes 64-bit numbers as text and takes plain numbers too.
  const checksum = payload["dataCrc32c"];
  if (checksum !== undefined && checksum !== crc32c(bytes) && checksum !== String(crc32c(bytes))) {
    throw new GoogleError("INVALID_ARGUMENT", "dataCrc32c does not match the payload.");
  }
  const version: SecretVersion = {
    number: secret.versions.length + 1,
    createdAt: world.clock.now(),
    state: "ENABLED",
    bytes,
  };
  world.secrets.set(nameOf(world, call), { ...secret, versions: [...secret.versions, version] });
  // gcloud takes a missing flag for a damaged payload.
  return { ...render(world, call, version), clientSpecifiedPayloadChecksum: checksum !== undefined };
}

function listVersions(world: World, call: Call): JsonObject {
  const { versions } = secretOf(world, call);
  const { items, ...rest } = pageOf(versions.toReversed(), call);
  return { versions: items.map((each) => render(world, call, each)), totalSize: versions.length, ...rest };
}

function versionOf(world: World, call: Call): SecretVersion {
  const { versions } = secretOf(world, call);
  const asked = call.param("version");
  const found =
    asked === "latest" ? versions.at(-1) : versions.find(({ number }) => String(number) === asked);
  if (found === undefined) throw notFound(`${nameOf(world, call)}/versions/${asked}`);
  return found;
}

function access(world: World, call: Call): JsonObject {
  const version = versionOf(world, call);
  if (version.state !== "ENABLED" || version.bytes === undefined) {
    throw new GoogleError(
      "FAILED_PRECONDITION",
      `Secret Version [${nameOf(world, call)}/versions/${version.number}] is in ${version.state} state.`,
    );
  }
  return {
    name: `${nameOf(world, call)}/versions/${version.number}`,
    payload: { data: version.bytes.toString("base64"), dataCrc32c: String(crc32c(version.bytes)) },
  };
}

function changeState(world: World, call: Call, state: SecretVersion["state"]): JsonObject {
  const version = versionOf(world, call);
  if (version.state === "DESTROYED") {
    throw new GoogleError("FAILED_PRECONDITION", "The secret version is destroyed.");
  }
  const changed = { ...version, state, bytes: state === "DESTROYED" ? undefined : version.bytes };
  const secret = secretOf(world, call);
  world.secrets.set(nameOf(world, call), {
    ...secret,
    versions: secret.versions.map((each) => (each.number === changed.number ? changed : each)),
  });
  return render(world, call, changed);
}

function render(world: World, call: Call, version: SecretVersion): JsonObject {
  return {
    name: `${nameOf(world, call)}/versions/${version.number}`,
    createTime: version.createdAt.toISOString(),
    state: version.state,
    replicationStatus: { automatic: {} },
    etag: `"${version.number}-${version.state}"`,
  };
}
