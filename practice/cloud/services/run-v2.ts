import { permissionsFrom, readPolicy, setPolicyFrom } from "../access-policy.ts";
import { revisionName, runServiceName } from "../cloud-run.ts";
import { notFound } from "../google-error.ts";
import { type JsonObject, listIn, objectIn } from "../json.ts";
import { pageOf } from "../page.ts";
import { type Answer, type Call, route, type Service } from "../router.ts";
import type { RunService, World } from "../world.ts";

/** Cloud Run Admin v2: reading services, and the policies that say who may invoke them. v1 uses the same policies. */
export function runV2(world: World): Service {
  const services = "/v2/projects/{project}/locations/{location}/services";
  const ok = (body: JsonObject): Answer => ({ status: 200, body });
  return {
    hosts: ["run.googleapis.com", "*-run.googleapis.com"],
    errors: "rpc",
    routes: [
      route("GET", services, (call) => ok(list(world, call))),
      route("GET", `${services}/{service}`, (call) => ok(render(world, serviceOf(world, call)))),
      ...["/v1", "/v2"].flatMap((version) => {
        const service = `${version}/projects/{project}/locations/{location}/services/{service}`;
        return [
          route("GET", `${service}:getIamPolicy`, (call) => ok(readPolicy(world, nameOf(world, call)))),
          route("POST", `${service}:setIamPolicy`, (call) =>
            ok(setPolicyFrom(world, nameOf(world, call), call)),
          ),
          route("POST", `${service}:testIamPermissions`, (call) => ok(permissionsFrom(call))),
        ];
      }),
    ],
  };
}

function nameOf(world: World, call: Call): string {
  serviceOf(world, call);
  return runServiceName(world, call.param("location"), call.param("service"));
}

function serviceOf(world: World, call: Call): RunService {
  const name = runServiceName(world, call.param("location"), call.param("service"));
  const service = world.runServices.get(name);
  if (service === undefined) throw notFound(name);
  return service;
}

function list(world: World, call: Call): JsonObject {
  const location = call.param("location");
  const all = [...world.runServices.values()].filter(
    (each) => location === "-" || each.location === location,
  );
  const { items, ...rest } = pageOf(all, call);
  return { services: items.map((each) => render(world, each)), ...rest };
}

function render(world: World, service: RunService): JsonObject {
  const name = runServiceName(world, service.location, service.name);
  const ready: JsonObject = {
    type: "Ready",
    state: "CONDITION_SUCCEEDED",
    lastTransitionTime: service.updatedAt,
  };
  return {
    name,
    uid: service.uid,
    generation: String(service.generation),
    labels: service.labels,
    createTime: service.createdAt,
    updateTime: service.updatedAt,
    ingress: "INGRESS_TRAFFIC_ALL",
    launchStage: "GA",
    template: { containers: listIn(objectIn(service.template, "spec"), "containers") },
    observedGeneration: String(service.generation),
    terminalCondition: ready,
    latestReadyRevision: `${name}/revisions/${revisionName(service)}`,
    uri: service.uri,
    urls: [service.uri],
  };
}
