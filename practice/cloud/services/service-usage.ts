import { notFound } from "../google-error.ts";
import { type JsonObject, listIn } from "../json.ts";
import { renderOperation } from "../operations.ts";
import { type Call, route, type Service } from "../router.ts";
import type { World } from "../world.ts";

/** Service Usage v1: here every API is enabled, and enabling it once more succeeds. */
export function serviceUsage(world: World): Service {
  const services = "/v1/projects/{project}/services";
  const describe = (name: string): JsonObject => ({
    name: `projects/${world.project.number}/services/${name}`,
    config: { name, title: name },
    state: "ENABLED",
    parent: `projects/${world.project.number}`,
  });
  const enable = (call: Call, names: readonly string[]): JsonObject => {
    const enabled = names.map(describe);
    const response = names.length === 1 ? { service: enabled[0] ?? null } : { services: enabled };
    const operation = world.operations.start({
      verb: "enable",
      target: `projects/${world.project.number}/services`,
      finish: () => response,
    });
    return renderOperation(operation, `operations/${operation.id}`, { path: call.path });
  };

  return {
    hosts: ["serviceusage.googleapis.com"],
    errors: "rpc",
    routes: [
      route("GET", `${services}:batchGet`, (call) => ({
        status: 200,
        body: { services: call.query.getAll("names").map((name) => describe(name.split("/").at(-1) ?? "")) },
      })),
      route("POST", `${services}:batchEnable`, (call) => ({
        status: 200,
        body: enable(call, listIn(call.json(), "serviceIds").map(String)),
      })),
      route("GET", services, () => ({ status: 200, body: { services: practised.map(describe) } })),
      route("GET", `${services}/{service}`, (call) => ({
        status: 200,
        body: describe(call.param("service")),
      })),
      route("POST", `${services}/{service}:enable`, (call) => ({
        status: 200,
        body: enable(call, [call.param("service")]),
      })),
      route("GET", "/v1/operations/{operation}", (call) => {
        const operation = world.operations.find(call.param("operation"));
        if (operation === undefined) throw notFound(`operations/${call.param("operation")}`);
        return { status: 200, body: renderOperation(operation, `operations/${operation.id}`, {}) };
      }),
    ],
  };
}

const practised = [
  "cloudbuild.googleapis.com",
  "cloudfunctions.googleapis.com",
  "cloudresourcemanager.googleapis.com",
  "compute.googleapis.com",
  "iam.googleapis.com",
  "pubsub.googleapis.com",
  "run.googleapis.com",
  "secretmanager.googleapis.com",
  "serviceusage.googleapis.com",
  "storage.googleapis.com",
];
