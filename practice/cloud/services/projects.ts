import { permissionsFrom, readPolicy, setPolicyFrom } from "../access-policy.ts";
import { type JsonObject, ownText } from "../json.ts";
import { type Call, route, type Service } from "../router.ts";
import type { World } from "../world.ts";

const CREATED_AT = "2026-01-05T08:00:00.000Z";

/** Cloud Resource Manager v1 and v3: the one project there is, and its IAM policy. */
export function resourceManager(world: World): Service {
  const { id, number } = world.project;
  const v1: JsonObject = {
    projectNumber: number,
    projectId: id,
    lifecycleState: "ACTIVE",
    name: "Practice project",
    createTime: CREATED_AT,
  };
  const v3: JsonObject = {
    name: `projects/${number}`,
    projectId: id,
    state: "ACTIVE",
    displayName: "Practice project",
    createTime: CREATED_AT,
    updateTime: CREATED_AT,
    etag: 'W/"practice"',
  };
  const policyName = `projects/${id}`;
  const policyRoutes = ["/v1", "/v3"].flatMap((version) => [
    route("POST", `${version}/projects/{project}:getIamPolicy`, () => ({
      status: 200,
      body: readPolicy(world, policyName),
    })),
    route("POST", `${version}/projects/{project}:setIamPolicy`, (call) => ({
      status: 200,
      body: setPolicyFrom(world, policyName, call),
    })),
    route("POST", `${version}/projects/{project}:testIamPermissions`, (call) => ({
      status: 200,
      body: permissionsFrom(call),
    })),
  ]);

  return {
    hosts: ["cloudresourcemanager.googleapis.com"],
    errors: "rpc",
    routes: [
      ...policyRoutes,
      route("GET", "/v1/projects", (call) => ({
        status: 200,
        body: { projects: matching(v1, call, "filter") },
      })),
      route("GET", "/v1/projects/{project}", () => ({ status: 200, body: v1 })),
      route("GET", "/v3/projects:search", (call) => ({
        status: 200,
        body: { projects: matching(v3, call, "query") },
      })),
      route("GET", "/v3/projects", () => ({ status: 200, body: { projects: [v3] } })),
      route("GET", "/v3/projects/{project}", () => ({ status: 200, body: v3 })),
    ],
  };
}

/** Understands only `id:` and `projectId:` terms of a filter; everything else matches. */
function matching(project: JsonObject, call: Call, parameter: string): readonly JsonObject[] {
  const asked = /\b(?:id|projectId)[:=]"?([a-z][a-z0-9*-]*)/.exec(call.query.get(parameter) ?? "")?.[1];
  const id = ownText(project, "projectId");
  const fits =
    asked === undefined || (asked.endsWith("*") ? id.startsWith(asked.slice(0, -1)) : id === asked);
  return fits ? [project] : [];
}
