import type { JsonObject } from "../json.ts";
import type { Operation } from "../operations.ts";
import { REGIONS, type World } from "../world.ts";

export const ZONES = REGIONS.flatMap((region) => ["a", "b"].map((letter) => `${region}-${letter}`));

/** Compute names things by full address. */
export function projectUrl(world: World): string {
  return `https://www.googleapis.com/compute/v1/projects/${world.project.id}`;
}

/** compute#operation; the zone is read from the target's address. */
export function renderZoneOperation(world: World, operation: Operation): JsonObject {
  const zoneUrl = operation.target.slice(0, operation.target.indexOf("/instances/"));
  const { outcome } = operation;
  return {
    kind: "compute#operation",
    id: String(operation.startedAt.getTime()),
    name: operation.id,
    zone: zoneUrl,
    operationType: operation.verb,
    targetLink: operation.target,
    status: outcome === undefined ? "RUNNING" : "DONE",
    progress: outcome === undefined ? 0 : 100,
    user: `gatehouse@${world.project.id}.iam.gserviceaccount.com`,
    insertTime: operation.startedAt.toISOString(),
    startTime: operation.startedAt.toISOString(),
    ...(outcome === undefined ? {} : { endTime: operation.doneAt.toISOString() }),
    ...(outcome?.kind === "error"
      ? { error: { errors: [{ code: "RESOURCE_ERROR", message: outcome.error.message }] } }
      : {}),
    selfLink: `${zoneUrl}/operations/${operation.id}`,
  };
}
