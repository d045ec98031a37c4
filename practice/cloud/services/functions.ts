import { randomUUID } from "node:crypto";
import { readPolicy, setPolicyFrom } from "../access-policy.ts";
import { putRunService, runServiceName, templateFor } from "../cloud-run.ts";
import { GoogleError, notFound } from "../google-error.ts";
import { type JsonObject, objectIn, textIn } from "../json.ts";
import { type Operation, renderOperation } from "../operations.ts";
import { pageOf } from "../page.ts";
import { type Answer, type Call, route, type Service } from "../router.ts";
import { now, REGIONS, type World } from "../world.ts";

const UPLOAD_LIFE_SECONDS = 30 * 60;
const RUNTIMES = ["nodejs22", "nodejs20", "python312", "python313", "go123", "java21"] as const;

/** Cloud Functions v2: deployments take an operation's time, then the function is ACTIVE and runs as a Run service. */
export function functions(world: World): Service {
  const locations = "/v2/projects/{project}/locations";
  const collection = `${locations}/{location}/functions`;
  const one = `${collection}/{function}`;
  const ok = (body: JsonObject): Answer => ({ status: 200, body });
  return {
    hosts: ["cloudfunctions.googleapis.com"],
    errors: "rpc",
    routes: [
      route("GET", locations, () => ok(listLocations(world))),
      // gcloud asks v1 for the regions, and for functions of the first generation, of which there are none here.
      route("GET", "/v1/projects/{project}/locations", () => ok(listLocations(world))),
      route("GET", "/v1/projects/{project}/locations/{location}/functions", () => ok({ functions: [] })),
      route("GET", `${locations}/{location}/runtimes`, () => ok({ runtimes: RUNTIMES.flatMap(runtimeIn) })),
      route("POST", `${collection}:generateUploadUrl`, (call) => ok(generateUploadUrl(world, call))),
      route("GET", collection, (call) => ok(list(world, call))),
      route("POST", collection, (call) => ok(create(world, call))),
      route("GET", one, (call) => ok(functionOf(world, call))),
      route("PATCH", one, (call) => ok(update(world, call))),
      route("DELETE", one, (call) => ok(remove(world, call))),
      route("GET", `${one}:getIamPolicy`, (call) => ok(readPolicy(world, nameOf(world, call)))),
      route("POST", `${one}:setIamPolicy`, (call) => ok(setPolicyFrom(world, nameOf(world, call), call))),
      route("GET", `${locations}/{location}/operations`, (call) => ok(listOperations(world, call))),
      route("GET", `${locations}/{location}/operations/{operation}`, (call) => ok(getOperation(world, call))),
    ],
  };
}

function listLocations(world: World): JsonObject {
  return {
    locations: REGIONS.map((locationId) => ({
      name: `projects/${world.project.id}/locations/${locationId}`,
      locationId,
      labels: { "cloud.googleapis.com/region": locationId },
      metadata: {
        "@type": "type.googleapis.com/google.cloud.functions.v2.LocationMetadata",
        environments: ["GEN_1", "GEN_2"],
      },
    })),
  };
}

function runtimeIn(name: string): readonly JsonObject[] {
  return [{ name, displayName: name, stage: "GA", environment: "GEN_2" }];
}

function nameOf(world: World, call: Call): string {
  return functionName(world, call.param("location"), call.param("function"));
}

function functionName(world: World, location: string, id: string): string {
  return `projects/${world.project.id}/locations/${location}/functions/${id}`;
}

function functionOf(world: World, call: Call): JsonObject {
  const found = world.functions.get(nameOf(world, call));
  if (found === undefined) throw notFound(nameOf(world, call));
  return found;
}

function list(world: World, call: Call): JsonObject {
  const prefix = functionName(world, call.param("location"), "");
  const all = [...world.functions.entries()]
    .filter(([name]) => call.param("location") === "-" || name.startsWith(prefix))
    .map(([, each]) => each);
  const { items, ...rest } = pageOf(all, call);
  return { functions: items, ...rest };
}

/** The staged source goes straight to storage, with a signed URL as the only permission. */
function generateUploadUrl(world: World, call: Call): JsonObject {
  const bucket = `gcf-v2-uploads-${world.project.number}.${call.param("location")}.cloudfunctions.appspot.com`;
  const object = `${randomUUID()}.zip`;
  const uploadUrl = world.signer.sign({
    method: "PUT",
    path: `/${bucket}/${object}`,
    headers: { "content-type": "application/zip" },
    lifeSeconds: UPLOAD_LIFE_SECONDS,
  });
  return { uploadUrl, storageSource: { bucket, object } };
}

function create(world: World, call: Call): JsonObject {
  const id = call.query.get("functionId") ?? "";
  if (!/^[a-z][a-z0-9-]{0,61}[a-z0-9]$/.test(id)) {
    throw new GoogleError("INVALID_ARGUMENT", "functionId is missing or malformed.");
  }
  const name = functionName(world, call.param("location"), id);
  if (world.functions.has(name)) throw new GoogleError("ALREADY_EXISTS", `Function ${name} already exists.`);
  const proposed = call.json();
  requireSource(world, proposed);
  world.functions.set(name, {
    ...proposed,
    name,
    state: "DEPLOYING",
    environment: "GEN_2",
    createTime: now(world),
  });
  return deploy(world, { name, verb: "create", location: call.param("location"), proposed });
}

function update(world: World, call: Call): JsonObject {
  const current = functionOf(world, call);
  const proposed = merge(current, call.json(), call.query.get("updateMask"));
  requireSource(world, proposed);
  world.functions.set(nameOf(world, call), { ...current, state: "DEPLOYING" });
  return deploy(world, {
    name: nameOf(world, call),
    verb: "update",
    location: call.param("location"),
    proposed,
  });
}

/** Top-level fields named by the mask (or all, without one) replace the current ones, merged one level down. */
function merge(current: JsonObject, proposed: JsonObject, mask: string | null): JsonObject {
  const paths = mask === null || mask === "" ? Object.keys(proposed) : mask.split(",");
  const fields = [...new Set(paths.map(topLevelField))];
  const replaced = fields.map((field) => {
    const value = proposed[field] ?? null;
    const isGroup = typeof value === "object" && value !== null && !Array.isArray(value);
    return [field, isGroup ? { ...objectIn(current, field), ...objectIn(proposed, field) } : value] as const;
  });
  return { ...current, ...Object.fromEntries(replaced) };
}

/** The JSON name of a field path's first part; field masks may use the names of the protos (AIP-161). */
function topLevelField(path: string): string {
  const [first = ""] = path.split(".");
  return first.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** A source that names an object nobody uploaded fails, so that a test sees a lost upload. */
function requireSource(world: World, proposed: JsonObject): void {
  const source = objectIn(objectIn(objectIn(proposed, "buildConfig"), "source"), "storageSource");
  const key = `${textIn(source, "bucket") ?? ""}/${textIn(source, "object") ?? ""}`;
  if (!world.objects.has(key)) {
    throw new GoogleError("INVALID_ARGUMENT", `The source gs://${key} does not exist.`);
  }
}

interface Deployment {
  readonly name: string;
  readonly verb: "create" | "update";
  readonly location: string;
  readonly proposed: JsonObject;
}

function deploy(world: World, deployment: Deployment): JsonObject {
  const operation = world.operations.start({
    verb: deployment.verb,
    target: deployment.name,
    finish: () => {
      const deployed = activeFunction(world, deployment);
      world.functions.set(deployment.name, deployed);
      return { "@type": "type.googleapis.com/google.cloud.functions.v2.Function", ...deployed };
    },
  });
  return render(world, operation, deployment.location);
}

/** The function as it is once deployed; its Run service comes with it. */
export function activeFunction(
  world: World,
  { name, location, proposed }: Omit<Deployment, "verb">,
): JsonObject {
  const id = name.split("/").at(-1) ?? "";
  const image = `${location}-docker.pkg.dev/${world.project.id}/gcf-artifacts/${id}:latest`;
  const service = putRunService(world, {
    location,
    name: id,
    labels: { "goog-managed-by": "cloudfunctions" },
    template: templateFor(image),
  });
  const url = `https://${location}-${world.project.id}.cloudfunctions.net/${id}`;
  return {
    ...proposed,
    name,
    buildConfig: {
      ...objectIn(proposed, "buildConfig"),
      build: `projects/${world.project.number}/locations/${location}/builds/${randomUUID()}`,
    },
    serviceConfig: {
      timeoutSeconds: 60,
      maxInstanceCount: 100,
      availableMemory: "256M",
      availableCpu: "0.1666",
      ingressSettings: "ALLOW_ALL",
      allTrafficOnLatestRevision: true,
      serviceAccountEmail: `${world.project.number}-compute@developer.gserviceaccount.com`,
      ...objectIn(proposed, "serviceConfig"),
      service: runServiceName(world, location, id),
      uri: service.uri,
      revision: `${id}-${String(service.generation).padStart(5, "0")}-prc`,
    },
    state: "ACTIVE",
    environment: "GEN_2",
    url,
    createTime: proposed["createTime"] ?? service.createdAt,
    updateTime: now(world),
  };
}

function remove(world: World, call: Call): JsonObject {
  const current = functionOf(world, call);
  const name = nameOf(world, call);
  const location = call.param("location");
  world.functions.set(name, { ...current, state: "DELETING" });
  const operation = world.operations.start({
    verb: "delete",
    target: name,
    finish: () => {
      world.functions.delete(name);
      world.runServices.delete(runServiceName(world, location, call.param("function")));
      return { "@type": "type.googleapis.com/google.protobuf.Empty" };
    },
  });
  return render(world, operation, location);
}

function listOperations(world: World, call: Call): JsonObject {
  const location = call.param("location");
  const { items, ...rest } = pageOf(world.operations.all().filter(isOfFunctions), call);
  return { operations: items.map((each) => render(world, each, location)), ...rest };
}

function getOperation(world: World, call: Call): JsonObject {
  const operation = world.operations.find(call.param("operation"));
  if (operation === undefined || !isOfFunctions(operation)) throw notFound(call.path.slice("/v2/".length));
  return render(world, operation, call.param("location"));
}

function isOfFunctions(operation: Operation): boolean {
  return operation.target.includes("/functions/");
}

function render(world: World, operation: Operation, location: string): JsonObject {
  return renderOperation(
    operation,
    `projects/${world.project.id}/locations/${location}/operations/${operation.id}`,
    {
      "@type": "type.googleapis.com/google.cloud.functions.v2.OperationMetadata",
      apiVersion: "v2",
      cancelRequested: false,
      operationType: `${operation.verb.toUpperCase()}_FUNCTION`,
    },
  );
}
