import { expect, test } from "vitest";
import { loadCatalogue } from "../load.ts";

const catalogue = loadCatalogue();

function understand(request: string) {
  const [method = "", url = ""] = request.split(" ");
  const [, host = "", target = ""] = /^([^/]+)(\/.*)$/.exec(url) ?? [];
  return catalogue.understand({ method, host: `${host}.googleapis.com`, target, headers: [] });
}

test.each([
  "POST cloudbuild/v1/projects/allowed/builds?parent=projects/other/locations/global",
  "POST cloudbuild/v1/projects/allowed/builds?PARENT=projects%2Fother%2Flocations%2Fglobal",
  "POST cloudbuild/v1/projects/allowed/locations/global/builds?projectId=other",
  "POST cloudbuild/v1/projects/allowed/locations/global/builds?project_id=other",
  "POST cloudbuild/v1/projects/allowed/builds?parent=projects/1234567/locations/global",
  "GET secretmanager/v1/projects/allowed/secrets/s/versions/1:access?name=projects/other/secrets/s/versions/1",
  "GET container/v1/projects/allowed/locations/l/clusters?projectId=other",
  "GET compute/compute/v1/projects/allowed/zones/z/instances?project=other",
])("a parameter that names another project than the path is refused: %s", (request) => {
  expect(understand(request)).toMatchObject({ kind: "unknown", code: "parameter_refused" });
});

// As the descriptions of these methods have it: the same name twice, or a name that is not a resource's.
test.each([
  "POST cloudbuild/v1/projects/allowed/builds?parent=projects/allowed/locations/global",
  "POST cloudbuild/v1/projects/allowed/locations/global/builds?projectId=allowed",
  "GET container/v1/projects/allowed/locations/l/clusters?projectId=&zone=",
  "DELETE sqladmin/v1/projects/allowed/instances/i/users?host=%25&name=projects",
  "GET dns/dns/v1/projects/allowed/managedZones/z/rrsets?name=www.example.com.&type=A",
  "GET storage/storage/v1/b?project=allowed",
  "GET compute/compute/v1/projects/allowed/zones/z/instances?filter=projects/other",
])("a parameter that repeats the path's project, or names none, is accepted: %s", (request) => {
  expect(understand(request)).toMatchObject({ kind: "call", call: { resource: { project: "allowed" } } });
});
