import { putRunService, revisionName, runServiceName } from "../cloud-run.ts";
import { GoogleError, notFound } from "../google-error.ts";
import { type JsonObject, objectIn, textIn } from "../json.ts";
import { pageOf } from "../page.ts";
import { type Answer, type Call, route, type Service } from "../router.ts";
import type { RunService, World } from "../world.ts";

const LAST_MODIFIER = "deployer@example.com";

/** Cloud Run Admin v1: Knative's shapes, with namespaces on the regional hosts and locations on the global one. */
export function run(world: World): Service {
  const namespaced = "/apis/serving.knative.dev/v1/namespaces/{project}/services";
  const located = "/v1/projects/{project}/locations/{location}/services";
  const ok = (body: JsonObject): Answer => ({ status: 200, body });
  return {
    hosts: ["run.googleapis.com", "*-run.googleapis.com"],
    errors: "rpc",
    routes: [
      route("GET", "/v1/projects/{project}/locations", (call) => ok(listLocations(world, call))),
      ...[namespaced, located].flatMap((services) => [
        route("GET", services, (call) => ok(list(world, call))),
        route("POST", services, (call) => ok(create(world, call))),
        route("GET", `${services}/{service}`, (call) => ok(render(world, serviceOf(world, call)))),
        route("PUT", `${services}/{service}`, (call) => ok(replace(world, call))),
        route("DELETE", `${services}/{service}`, (call) => ok(remove(world, call))),
      ]),
    ],
  };
}

function listLocations(world: World, call: Call): JsonObject {
  const { items } = pageOf(
    [...new Set([...world.runServices.values()].map(({ location }) => location))],
    call,
  );
  return {
    locations: items.map((locationId) => ({
      name: `projects/${world.project.id}/locations/${locationId}`,
      locationId,
    })),
  };
}

/** From the path, or from the host's prefix; `-` on the global host means everywhere. */
function locationOf(call: Call): string {
  const inPath = /\/locations\/([^/]+)\//.exec(call.path)?.[1];
  return inPath ?? /^([a-z0-9-]+)-run\./.exec(call.host)?.[1] ?? "-";
}

function list(world: World, call: Call): JsonObject {
  const location = locationOf(call);
  const all = [...world.runServices.values()].filter(
    (each) => location === "-" || each.location === location,
  );
  return {
    apiVersion: "serving.knative.dev/v1",
    kind: "ServiceList",
    metadata: { resourceVersion: "practice" },
    items: all.map((each) => render(world, each)),
  };
}

function serviceOf(world: World, call: Call): RunService {
  const found = [...world.runServices.values()].find(
    (each) =>
      each.name === call.param("service") && (locationOf(call) === "-" || each.location === locationOf(call)),
  );
  if (found === undefined) throw notFound(`services/${call.param("service")}`);
  return found;
}

function create(world: World, call: Call): JsonObject {
  const name = textIn(objectIn(call.json(), "metadata"), "name") ?? "";
  if (!/^[a-z][a-z0-9-]{0,48}$/.test(name))
    throw new GoogleError("INVALID_ARGUMENT", "metadata.name is malformed.");
  if (world.runServices.has(runServiceName(world, locationOf(call), name))) {
    throw new GoogleError("ALREADY_EXISTS", `Resource '${name}' already exists.`);
  }
  return put(world, call, name);
}

function replace(world: World, call: Call): JsonObject {
  return put(world, call, serviceOf(world, call).name);
}

function put(world: World, call: Call, name: string): JsonObject {
  if (locationOf(call) === "-") throw new GoogleError("INVALID_ARGUMENT", "A service needs a location.");
  const metadata = objectIn(call.json(), "metadata");
  const service = putRunService(world, {
    location: locationOf(call),
    name,
    labels: objectIn(metadata, "labels"),
    annotations: objectIn(metadata, "annotations"),
    template: objectIn(objectIn(call.json(), "spec"), "template"),
  });
  return render(world, service);
}

function remove(world: World, call: Call): JsonObject {
  const service = serviceOf(world, call);
  world.runServices.delete(runServiceName(world, service.location, service.name));
  return { apiVersion: "serving.knative.dev/v1", kind: "Status", status: "Success" };
}

function render(world: World, service: RunService): JsonObject {
  const traffic = [{ revisionName: revisionName(service), percent: 100, latestRevision: true }];
  const condition = (type: string): JsonObject => ({
    type,
    status: "True",
    lastTransitionTime: service.updatedAt,
  });
  return {
    apiVersion: "serving.knative.dev/v1",
    kind: "Service",
    metadata: {
      name: service.name,
      namespace: world.project.number,
      selfLink: `/apis/serving.knative.dev/v1/namespaces/${world.project.number}/services/${service.name}`,
      uid: service.uid,
      resourceVersion: `practice-${service.generation}`,
      generation: service.generation,
      creationTimestamp: service.createdAt,
      labels: { ...service.labels, "cloud.googleapis.com/location": service.location },
      annotations: {
        ...service.annotations,
        "run.googleapis.com/ingress": "all",
        "serving.knative.dev/lastModifier": LAST_MODIFIER,
      },
    },
    spec: { template: service.template, traffic: [{ percent: 100, latestRevision: true }] },
    status: {
      observedGeneration: service.generation,
      conditions: ["Ready", "ConfigurationsReady", "RoutesReady"].map(condition),
      latestReadyRevisionName: revisionName(service),
      latestCreatedRevisionName: revisionName(service),
      traffic,
      url: service.uri,
      address: { url: service.uri },
    },
  };
}
