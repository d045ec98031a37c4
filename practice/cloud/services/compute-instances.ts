import { GoogleError, notFound } from "../google-error.ts";
import { type JsonObject, ownText, textIn } from "../json.ts";
import { pageOf } from "../page.ts";
import { type Answer, type Call, type Route, route } from "../router.ts";
import { now, type World } from "../world.ts";
import { projectUrl, renderZoneOperation, ZONES } from "./compute-zones.ts";

/** The instances of Compute Engine v1. */
export function instanceRoutes(world: World): readonly Route[] {
  const project = "/compute/v1/projects/{project}";
  const instances = `${project}/zones/{zone}/instances`;
  const one = `${instances}/{instance}`;
  const ok = (body: JsonObject): Answer => ({ status: 200, body });
  return [
    route("GET", `${project}/aggregated/instances`, (call) => ok(aggregated(world, call))),
    route("GET", instances, (call) => ok(listZone(world, call))),
    route("POST", instances, (call) => ok(insert(world, call))),
    route("GET", one, (call) => ok(instanceOf(world, call))),
    route("DELETE", one, (call) => ok(remove(world, call))),
    route("POST", `${one}/start`, (call) => ok(change(world, call, "start", { status: "RUNNING" }))),
    route("POST", `${one}/stop`, (call) => ok(change(world, call, "stop", { status: "TERMINATED" }))),
    route("POST", `${one}/setMetadata`, (call) =>
      ok(change(world, call, "setMetadata", { metadata: { ...call.json(), kind: "compute#metadata" } })),
    ),
  ];
}

export interface ProposedInstance {
  readonly zone: string;
  readonly name: string;
  readonly body: JsonObject;
}

export function newInstance(world: World, { zone, name, body }: ProposedInstance): JsonObject {
  const url = `${projectUrl(world)}/zones/${zone}`;
  const octet = (world.instances.size % 250) + 2;
  return {
    machineType: `${url}/machineTypes/e2-small`,
    disks: [],
    metadata: { kind: "compute#metadata", fingerprint: "cHJhY3RpY2U=" },
    networkInterfaces: [
      {
        kind: "compute#networkInterface",
        name: "nic0",
        network: `${projectUrl(world)}/global/networks/default`,
        networkIP: `10.128.0.${octet}`,
      },
    ],
    ...body,
    kind: "compute#instance",
    id: world.nextNumber(),
    name,
    zone: url,
    status: "RUNNING",
    creationTimestamp: now(world),
    fingerprint: "cHJhY3RpY2U=",
    deletionProtection: false,
    selfLink: `${url}/instances/${name}`,
  };
}

function keyOf(call: Call): string {
  return `${call.param("zone")}/${call.param("instance")}`;
}

function instanceOf(world: World, call: Call): JsonObject {
  const found = world.instances.get(keyOf(call));
  if (found === undefined) {
    throw notFound(
      `projects/${world.project.id}/zones/${call.param("zone")}/instances/${call.param("instance")}`,
    );
  }
  return found;
}

function inZone(world: World, zone: string): readonly JsonObject[] {
  return [...world.instances].filter(([key]) => key.startsWith(`${zone}/`)).map(([, each]) => each);
}

function listZone(world: World, call: Call): JsonObject {
  const zone = call.param("zone");
  const { items, ...rest } = pageOf(inZone(world, zone), call);
  return {
    kind: "compute#instanceList",
    id: `projects/${world.project.id}/zones/${zone}/instances`,
    items,
    ...rest,
    selfLink: `${projectUrl(world)}/zones/${zone}/instances`,
  };
}

function aggregated(world: World, call: Call): JsonObject {
  const { items, ...rest } = pageOf(ZONES, call);
  const scopes = items.map((zone) => {
    const instances = inZone(world, zone);
    const empty = { warning: { code: "NO_RESULTS_ON_PAGE", message: `No results in zones/${zone}.` } };
    return [`zones/${zone}`, instances.length === 0 ? empty : { instances }] as const;
  });
  return {
    kind: "compute#instanceAggregatedList",
    id: `projects/${world.project.id}/aggregated/instances`,
    items: Object.fromEntries(scopes),
    ...rest,
    selfLink: `${projectUrl(world)}/aggregated/instances`,
  };
}

function insert(world: World, call: Call): JsonObject {
  const body = call.json();
  const zone = call.param("zone");
  const name = textIn(body, "name") ?? "";
  if (!ZONES.includes(zone)) throw notFound(`zones/${zone}`);
  if (!/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) {
    throw new GoogleError("INVALID_ARGUMENT", "The field 'name' is missing or malformed.");
  }
  const key = `${zone}/${name}`;
  if (world.instances.has(key))
    throw new GoogleError("ALREADY_EXISTS", `The instance '${key}' already exists.`);
  const instance = newInstance(world, { zone, name, body });
  world.instances.set(key, { ...instance, status: "PROVISIONING" });
  return started(world, "insert", instance, () => world.instances.set(key, instance));
}

function remove(world: World, call: Call): JsonObject {
  const instance = instanceOf(world, call);
  const key = keyOf(call);
  world.instances.set(key, { ...instance, status: "STOPPING" });
  return started(world, "delete", instance, () => world.instances.delete(key));
}

function change(world: World, call: Call, verb: string, changes: JsonObject): JsonObject {
  const instance = instanceOf(world, call);
  const key = keyOf(call);
  return started(world, verb, instance, () => world.instances.set(key, { ...instance, ...changes }));
}

function started(world: World, verb: string, instance: JsonObject, effect: () => void): JsonObject {
  const operation = world.operations.start({
    verb,
    target: ownText(instance, "selfLink"),
    finish: () => {
      effect();
      return {};
    },
  });
  return renderZoneOperation(world, operation);
}
