import { notFound } from "../google-error.ts";
import type { JsonObject } from "../json.ts";
import { pageOf } from "../page.ts";
import { type Answer, type Call, route, type Service } from "../router.ts";
import { REGIONS, type World } from "../world.ts";
import { instanceRoutes } from "./compute-instances.ts";
import { projectUrl, renderZoneOperation, ZONES } from "./compute-zones.ts";

/** Compute Engine v1: zones, regions, instances and the operations that change them. */
export function compute(world: World): Service {
  const project = "/compute/v1/projects/{project}";
  const operation = `${project}/zones/{zone}/operations/{operation}`;
  const ok = (body: JsonObject): Answer => ({ status: 200, body });
  return {
    hosts: ["compute.googleapis.com", "www.googleapis.com"],
    errors: "legacy",
    routes: [
      route("GET", project, () => ok(renderProject(world))),
      route("GET", `${project}/zones`, (call) =>
        ok(
          list(
            world,
            call,
            "zone",
            ZONES.map((id) => zone(world, id)),
          ),
        ),
      ),
      route("GET", `${project}/zones/{zone}`, (call) => ok(zone(world, known(ZONES, call.param("zone"))))),
      route("GET", `${project}/regions`, (call) =>
        ok(
          list(
            world,
            call,
            "region",
            REGIONS.map((id) => region(world, id)),
          ),
        ),
      ),
      route("GET", `${project}/regions/{region}`, (call) =>
        ok(region(world, known(REGIONS, call.param("region")))),
      ),
      route("GET", operation, (call) => ok(operationOf(world, call))),
      // Google may answer a wait before the operation is done; clients ask again, so nothing is held open here.
      route("POST", `${operation}/wait`, (call) => ok(operationOf(world, call))),
      ...instanceRoutes(world),
    ],
  };
}

function known(ids: readonly string[], id: string): string {
  if (!ids.includes(id)) throw notFound(id);
  return id;
}

function renderProject(world: World): JsonObject {
  return {
    kind: "compute#project",
    id: world.project.number,
    name: world.project.id,
    selfLink: projectUrl(world),
    commonInstanceMetadata: { kind: "compute#metadata", fingerprint: "cHJhY3RpY2U=" },
    defaultServiceAccount: `${world.project.number}-compute@developer.gserviceaccount.com`,
  };
}

function zone(world: World, id: string): JsonObject {
  return {
    kind: "compute#zone",
    id: String(2_000 + ZONES.indexOf(id)),
    name: id,
    description: id,
    status: "UP",
    region: `${projectUrl(world)}/regions/${id.slice(0, -2)}`,
    selfLink: `${projectUrl(world)}/zones/${id}`,
  };
}

function region(world: World, id: string): JsonObject {
  return {
    kind: "compute#region",
    id: String(1_000 + REGIONS.indexOf(id)),
    name: id,
    description: id,
    status: "UP",
    zones: ZONES.filter((each) => each.startsWith(`${id}-`)).map(
      (each) => `${projectUrl(world)}/zones/${each}`,
    ),
    selfLink: `${projectUrl(world)}/regions/${id}`,
  };
}

function list(world: World, call: Call, what: string, all: readonly JsonObject[]): JsonObject {
  const { items, ...rest } = pageOf(all, call);
  return {
    kind: `compute#${what}List`,
    id: `projects/${world.project.id}/${what}s`,
    items,
    ...rest,
    selfLink: `${projectUrl(world)}/${what}s`,
  };
}

function operationOf(world: World, call: Call): JsonObject {
  const operation = world.operations.find(call.param("operation"));
  if (operation === undefined || !operation.target.includes(`/zones/${call.param("zone")}/`)) {
    throw notFound(call.param("operation"));
  }
  return renderZoneOperation(world, operation);
}
