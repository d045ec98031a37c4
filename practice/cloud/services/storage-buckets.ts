import { permissionsFrom, readPolicy, setPolicy } from "../access-policy.ts";
import { GoogleError } from "../google-error.ts";
import { type JsonObject, ownText, textIn } from "../json.ts";
import { pageOf } from "../page.ts";
import { type Answer, type Call, type Route, route } from "../router.ts";
import { requireBucket } from "../stored-object.ts";
import { now, type World } from "../world.ts";

/** The buckets of the Cloud Storage JSON API v1. */
export function bucketRoutes(world: World): readonly Route[] {
  const buckets = "/storage/v1/b";
  const one = `${buckets}/{bucket=*}`;
  const ok = (body: JsonObject): Answer => ({ status: 200, body });
  const policyName = (call: Call): string => `buckets/${ownText(bucketOf(world, call), "name")}`;
  return [
    route("GET", buckets, (call) => ok(list(world, call))),
    route("POST", buckets, (call) => ok(insert(world, call))),
    route("GET", one, (call) => ok(bucketOf(world, call))),
    route("PATCH", one, (call) => ok(patch(world, call))),
    route("DELETE", one, (call) => remove(world, call)),
    route("GET", `${one}/iam`, (call) => ok(readPolicy(world, policyName(call)))),
    // Storage takes the policy itself as the body, without the envelope of the other APIs.
    route("PUT", `${one}/iam`, (call) => ok(setPolicy(world, policyName(call), call.json()))),
    route("GET", `${one}/iam/testPermissions`, (call) =>
      ok({ permissions: call.query.getAll("permissions") }),
    ),
    route("POST", `${one}/iam/testPermissions`, (call) => ok(permissionsFrom(call))),
    // gcloud looks for these before it removes a bucket; there are none.
    route("GET", `${one}/managedFolders`, () => ok({ kind: "storage#managedFolders", items: [] })),
    route("GET", `${one}/storageLayout`, (call) => ok(layout(world, call))),
  ];
}

export function newBucket(world: World, name: string, proposed: JsonObject): JsonObject {
  return {
    location: "US",
    storageClass: "STANDARD",
    iamConfiguration: { uniformBucketLevelAccess: { enabled: true }, publicAccessPrevention: "enforced" },
    ...proposed,
    kind: "storage#bucket",
    id: name,
    name,
    selfLink: `https://www.googleapis.com/storage/v1/b/${name}`,
    projectNumber: world.project.number,
    locationType: "multi-region",
    metageneration: "1",
    etag: "CAE=",
    timeCreated: now(world),
    updated: now(world),
  };
}

function bucketOf(world: World, call: Call): JsonObject {
  return requireBucket(world, call.param("bucket"));
}

function list(world: World, call: Call): JsonObject {
  const { id, number } = world.project;
  const project = call.query.get("project") ?? "";
  if (![id, number].includes(project))
    throw new GoogleError("INVALID_ARGUMENT", `Unknown project id: ${project}`);
  const prefix = call.query.get("prefix") ?? "";
  const all = [...world.buckets.values()].filter((bucket) => ownText(bucket, "name").startsWith(prefix));
  const { items, ...rest } = pageOf(all, call);
  return { kind: "storage#buckets", items, ...rest };
}

function insert(world: World, call: Call): JsonObject {
  const body = call.json();
  const name = textIn(body, "name") ?? "";
  if (!/^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/.test(name)) {
    throw new GoogleError("INVALID_ARGUMENT", `Invalid bucket name: '${name}'`);
  }
  if (world.buckets.has(name))
    throw new GoogleError("CONFLICT", "The requested bucket name is not available.");
  const bucket = newBucket(world, name, body);
  world.buckets.set(name, bucket);
  return bucket;
}

function patch(world: World, call: Call): JsonObject {
  const bucket = bucketOf(world, call);
  const metageneration = String(Number(bucket["metageneration"]) + 1);
  const changed = {
    ...bucket,
    ...call.json(),
    name: bucket["name"] ?? "",
    metageneration,
    updated: now(world),
  };
  world.buckets.set(call.param("bucket"), changed);
  return changed;
}

function remove(world: World, call: Call): Answer {
  bucketOf(world, call);
  const prefix = `${call.param("bucket")}/`;
  if ([...world.objects.keys()].some((key) => key.startsWith(prefix))) {
    throw new GoogleError("CONFLICT", "The bucket you tried to delete is not empty.");
  }
  world.buckets.delete(call.param("bucket"));
  return { status: 204 };
}

function layout(world: World, call: Call): JsonObject {
  const bucket = bucketOf(world, call);
  return {
    kind: "storage#storageLayout",
    bucket: call.param("bucket"),
    location: bucket["location"] ?? "US",
    locationType: bucket["locationType"] ?? "multi-region",
    hierarchicalNamespace: { enabled: false },
  };
}
