import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { expect, test } from "vitest";
import { loadCatalogue } from "../load.ts";
import type { Understanding } from "../understanding.ts";

const catalogue = loadCatalogue();
const secretManager = "secretmanager.googleapis.com";
const access = "/google.cloud.secretmanager.v1.SecretManagerService/AccessSecretVersion";

/** A message of text fields; two of the same number are written twice. */
function message(...fields: readonly (readonly [number: number, value: string | Uint8Array])[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const [number, value] of fields) {
    writer.tag(number, WireType.LengthDelimited);
    if (typeof value === "string") writer.string(value);
    else writer.bytes(value);
  }
  return writer.finish();
}

function ask(path: string, body: Uint8Array | undefined, host = secretManager): Understanding {
  return catalogue.understandRpc({ host, path, message: body });
}

/** `id resource`, or why not. */
function answer(result: Understanding): string {
  if (result.kind === "call") return `${result.call.operation.id} ${result.call.resource.name}`;
  return result.kind === "unknown" ? result.code : result.kind;
}

const version = "projects/acme/secrets/db/versions/7";

test.each([
  ["no package", "/SecretManagerService/AccessSecretVersion"],
  ["another case", access.toLowerCase()],
  ["the case of one letter", access.replace("Access", "access")],
  ["a trailing slash", `${access}/`],
  ["a leading slash more", `/${access}`],
  ["a query", `${access}?alt=json`],
  ["an escape", access.replace("Secret", "%53ecret")],
  ["JSON over rpc", `/$rpc${access}`],
  ["a dot segment", `/x/..${access}`],
  ["a space", `${access} `],
  ["a line end", `${access}\n`],
  ["a version nobody knows", access.replace(".v1.", ".v9.")],
  ["a method nobody knows", `${access}s`],
  ["reflection", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"],
  ["older reflection", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"],
  ["health", "/grpc.health.v1.Health/Check"],
  ["a path of REST", "/v1/projects/acme/secrets"],
  ["nothing", ""],
  ["a name longer than any target", `/${"a.".repeat(5000)}B/C`],
  ["a member of every object", "/constructor.prototype/toString"],
])("a gRPC path with %s is unknown", (_, path) => {
  expect(answer(ask(path, message([1, version])))).toBe("unknown_method");
});

test.each([
  ["a service of another host", "pubsub.googleapis.com", "unknown_method"],
  ["the host of another name", "evil-secretmanager.googleapis.com", "unknown_host"],
  ["www", "www.googleapis.com", "unknown_method"],
  ["a bucket", "bucket.storage.googleapis.com", "unknown_method"],
  ["a token server", "sts.googleapis.com", "token_endpoint"],
  ["another port", "secretmanager.googleapis.com:8443", "unknown_host"],
  ["the default host of the mixins", "longrunning.googleapis.com", "unknown_host"],
  ["the default host of IAM policies", "iam-meta-api.googleapis.com", "unknown_host"],
])("asked of %s, an rpc is refused", (_, host, code) => {
  expect(answer(ask(access, message([1, version]), host))).toBe(code);
});

test.each([
  "www.googleapis.com",
  "sts.googleapis.com",
  "bucket.storage.googleapis.com",
  "nobody.googleapis.com",
])("%s serves no operations of its own", (host) => {
  expect(ask("/google.longrunning.Operations/GetOperation", message([1, "operations/x"]), host).kind).toBe(
    "unknown",
  );
});

test.each([
  ["no name", message([2, version])],
  ["an empty name", message([1, ""])],
  ["two names", message([1, version], [1, "projects/other/secrets/db/versions/7"])],
  ["a name taken back", message([1, version], [1, ""])],
  ["an empty segment", message([1, "projects//secrets/db"])],
  ["a trailing slash", message([1, `${version}/`])],
  ["a full resource name", message([1, `//secretmanager.googleapis.com/${version}`])],
  ["a URL", message([1, `https://secretmanager.googleapis.com/v1/${version}`])],
  ["a dot segment", message([1, "projects/acme/secrets/../versions/7"])],
  ["an encoded dot segment", message([1, "projects/acme/secrets/%2e%2e/versions/7"])],
  ["an encoded slash", message([1, "projects/acme/secrets/db%2Fversions/7"])],
  ["another escape", message([1, "projects/acme/secrets/d%62/versions/7"])],
  ["a control character", message([1, "projects/acme/secrets/db\n/versions/7"])],
  ["a zero byte", message([1, "projects/acme\0/secrets/db/versions/7"])],
  ["a letter outside ASCII", message([1, "projects/acmé/secrets/db/versions/7"])],
  ["a byte order mark", message([1, `\ufeff${version}`])],
  ["a space", message([1, ` ${version}`])],
  ["a backslash", message([1, "projects\\acme\\secrets/db/versions/7"])],
  ["a semicolon", message([1, `${version};x`])],
  ["bytes that are no UTF-8", message([1, new Uint8Array([0x70, 0xff, 0xfe])])],
  ["a half of a surrogate pair", message([1, new Uint8Array([0xed, 0xa0, 0x80])])],
  ["an overlong spelling of a slash", message([1, new Uint8Array([0x61, 0xc0, 0xaf, 0x62])])],
])("a message with %s is refused", (_, body) => {
  expect(answer(ask(access, body))).toBe("ambiguous_path");
});

test.each(readGoldenCases())("case $name: $host$path is $id", (each) => {
  const result = catalogue.understandRpc(each);
  if (each.id === "unknown") {
    expect(result.kind).toBe("unknown");
    return;
  }
  if (result.kind !== "call") throw new Error(answer(result));
  expect(result.call.operation).toMatchObject({ id: each.id, class: each.class });
  expect(result.call.resource.name).toBe("");
});

test("REST and gRPC give one operation, resource, project and location", () => {
  const name = "projects/acme/locations/us-central1/keyRings/r/cryptoKeys/k";
  const host = "cloudkms.googleapis.com";
  const rest = catalogue.understand({ host, method: "POST", target: `/v1/${name}:decrypt`, headers: [] });
  const rpc = ask("/google.cloud.kms.v1.KeyManagementService/Decrypt", message([1, name]), host);
  expect(rpc.kind).toBe("call");
  if (rest.kind !== "call" || rpc.kind !== "call") throw new Error("not understood");
  expect(rpc.call.resource).toEqual(rest.call.resource);
  expect(rpc.call.operation).toBe(rest.call.operation);
});

test("a name is put together from its parts as the path of REST is", () => {
  const host = "sqladmin.googleapis.com";
  const body = message([1, "orders"], [2, "acme"]);
  expect(answer(ask("/google.cloud.sql.v1.SqlInstancesService/Get", body, host))).toBe(
    "sql.instances.get projects/acme/instances/orders",
  );
  expect(answer(ask("/google.cloud.sql.v1.SqlInstancesService/Get", message([2, "acme"]), host))).toBe(
    "ambiguous_path",
  );
  expect(
    answer(ask("/google.cloud.sql.v1.SqlInstancesService/Get", message([1, "a/b"], [2, "acme"]), host)),
  ).toBe("ambiguous_path");
});

test("a name within another message is found", () => {
  const body = message([1, message([1, "projects/acme/secrets/db"])]);
  expect(answer(ask(access.replace("AccessSecretVersion", "UpdateSecret"), body))).toBe(
    "secretmanager.projects.secrets.patch projects/acme/secrets/db",
  );
});

test("a message in two pieces is one message, and two names in it are two", () => {
  const update = access.replace("AccessSecretVersion", "UpdateSecret");
  const named = message([1, "projects/acme/secrets/db"]);
  expect(ask(update, message([1, named], [1, message([4, "x"])])).kind).toBe("call");
  const other = message([1, "projects/other/secrets/db"]);
  expect(answer(ask(update, message([1, named], [1, other])))).toBe("ambiguous_path");
});

test("a cluster named in the old way and the new at once is refused", () => {
  const host = "container.googleapis.com";
  const path = "/google.container.v1.ClusterManager/GetCluster";
  const id = "container.projects.locations.clusters.get";
  const name = "projects/acme/locations/us-central1/clusters/c";
  const old = [
    [1, "victim"],
    [2, "us-central1-a"],
    [3, "c"],
  ] as const;
  expect(answer(ask(path, message([5, name]), host))).toBe(`${id} ${name}`);
  expect(answer(ask(path, message(...old), host))).toBe(
    `${id} projects/victim/zones/us-central1-a/clusters/c`,
  );
  expect(answer(ask(path, message([5, name], ...old), host))).toBe("ambiguous_path");
  expect(answer(ask(path, message([5, name], [1, "victim"]), host))).toBe("ambiguous_path");
});

test("mixins name the resource of the host they are asked on", () => {
  const body = message([1, "projects/acme/topics/orders"]);
  const result = ask("/google.iam.v1.IAMPolicy/SetIamPolicy", body, "pubsub.googleapis.com");
  if (result.kind !== "call") throw new Error(answer(result));
  expect(result.call.operation).toMatchObject({ service: "pubsub.googleapis.com", class: "privileged" });
  expect(result.call.resource.fullName).toBe("//pubsub.googleapis.com/projects/acme/topics/orders");
});

test("an object is named whole, whatever its id holds", () => {
  const host = "storage.googleapis.com";
  const path = "/google.storage.v2.Storage/DeleteObject";
  const id = path.slice(1);
  const bucket = "projects/_/buckets/b";
  expect(answer(ask(path, message([1, bucket], [2, "a/b %é"]), host))).toBe(
    `${id} ${bucket}/objects/a%2Fb%20%25%C3%A9`,
  );
  expect(answer(ask(path, message([1, bucket], [2, "a/../b"]), host))).toBe("ambiguous_path");
  expect(answer(ask(path, message([1, bucket]), host))).toBe("ambiguous_path");
});

test("an upload that names nothing but its id is refused", () => {
  const body = message([1, "projects/_/buckets/b/objects/o/uploads/x"]);
  expect(answer(ask("/google.storage.v2.Storage/WriteObject", body, "storage.googleapis.com"))).toBe(
    "ambiguous_path",
  );
});

test("a service account of another project than the name says is refused", () => {
  const host = "iamcredentials.googleapis.com";
  const path = "/google.iam.credentials.v1.IAMCredentials/GenerateAccessToken";
  const name = "projects/acme/serviceAccounts/x@victim.iam.gserviceaccount.com";
  expect(answer(ask(path, message([1, name]), host))).toBe("ambiguous_path");
});

test("log names keep the slash their id holds", () => {
  const host = "logging.googleapis.com";
  const name = "projects/acme/logs/cloudaudit.googleapis.com%2factivity";
  expect(answer(ask("/google.logging.v2.LoggingServiceV2/DeleteLog", message([1, name]), host))).toBe(
    "logging.projects.logs.delete projects/acme/logs/cloudaudit.googleapis.com%2Factivity",
  );
});

interface GoldenCase {
  readonly name: string;
  readonly host: string;
  readonly path: string;
  readonly id: string;
  readonly class: string;
}

/** The golden cases of gRPC. They have no message, hence no resource. */
function readGoldenCases(): GoldenCase[] {
  const text = readFileSync(join(import.meta.dirname, "../vectors/route-cases.tsv"), "utf8");
  const rows = text
    .trimEnd()
    .split("\n")
    .filter((line) => line.split("\t")[1] === "grpc");
  return rows.map((line) => {
    const [name = "", , , host = "", path = "", , id = "", , risk = ""] = line.split("\t");
    return { name, host, path, id, class: risk };
  });
}
