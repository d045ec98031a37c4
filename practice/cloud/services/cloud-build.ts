import { route, type Service } from "../router.ts";
import type { World } from "../world.ts";

/** Cloud Build v1, as far as deploying functions asks: whose identity builds run under. */
export function cloudBuild(world: World): Service {
  const { id, number } = world.project;
  return {
    hosts: ["cloudbuild.googleapis.com"],
    errors: "rpc",
    routes: [
      route("GET", "/v1/projects/{project}/locations/{location}/defaultServiceAccount", (call) => ({
        status: 200,
        body: {
          name: `projects/${number}/locations/${call.param("location")}/defaultServiceAccount`,
          serviceAccountEmail: `projects/${id}/serviceAccounts/${number}-compute@developer.gserviceaccount.com`,
        },
      })),
    ],
  };
}
