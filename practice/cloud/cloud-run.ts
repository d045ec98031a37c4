import { randomUUID } from "node:crypto";
import type { JsonObject } from "./json.ts";
import { now, type RunService, type World } from "./world.ts";

export interface ProposedRunService {
  readonly location: string;
  readonly name: string;
  readonly labels?: JsonObject;
  readonly annotations?: JsonObject;
  readonly template: JsonObject;
}

/** Full name in the style of the v2 API; the key of `World.runServices`. */
export function runServiceName(world: World, location: string, name: string): string {
  return `projects/${world.project.id}/locations/${location}/services/${name}`;
}

/** Creates the service, or makes a new generation of it. It is ready at once. */
export function putRunService(world: World, proposed: ProposedRunService): RunService {
  const key = runServiceName(world, proposed.location, proposed.name);
  const previous = world.runServices.get(key);
  const service: RunService = {
    location: proposed.location,
    name: proposed.name,
    uid: previous?.uid ?? randomUUID(),
    generation: (previous?.generation ?? 0) + 1,
    createdAt: previous?.createdAt ?? now(world),
    updatedAt: now(world),
    labels: proposed.labels ?? {},
    annotations: proposed.annotations ?? {},
    template: proposed.template,
    uri: `https://${proposed.name}-${world.project.number}.${proposed.location}.run.app`,
  };
  world.runServices.set(key, service);
  return service;
}

export function revisionName(service: RunService): string {
  return `${service.name}-${String(service.generation).padStart(5, "0")}-prc`;
}

export function templateFor(image: string): JsonObject {
  return {
    spec: {
      containerConcurrency: 80,
      timeoutSeconds: 300,
      containers: [{ image, ports: [{ name: "http1", containerPort: 8080 }] }],
    },
  };
}
