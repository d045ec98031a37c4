import { expect, test } from "vitest";
import type { RawHeader } from "#lib/headers";
import { loadCatalogue } from "../index.ts";

const catalogue = loadCatalogue();

function understand(request: string, headers: readonly RawHeader[] = []) {
  const [method = "", target = ""] = request.split(" ");
  return catalogue.understand({ method, host: "storage.googleapis.com", target, headers });
}

test.each([
  "PATCH /bkt/obj",
  "POST /bkt/obj",
  "POST /bkt",
  "POST /",
  "DELETE /",
  "PUT /?acl",
  "GET /bkt?policy",
  "GET /bkt?unheardOf=1",
  "GET /bkt/obj?retention",
  "GET /bkt?acl&cors",
  "PUT /bkt/obj?compose&uploads",
  "DELETE /bkt?lifecycle",
  "DELETE /bkt/obj?acl",
  "GET /bkt//obj",
  "GET //bkt/obj",
  "GET /bkt/../other/obj",
  "GET /bkt/%2e%2e/other/obj",
  "GET /bkt/a%2F..%2Fb",
  "GET /BKT/obj",
  "GET /b/obj",
  "GET /bk%74/obj",
  "GET /bkt/obj;x",
  "GET /bkt/obj?prefix=a&prefix=b",
  "GET /storage/v1/b/bkt/o/dir/file.txt",
  "GET /upload/obj.txt",
  "GET /bkt/obj?alt=proto",
  "POST /google.storage.v2.Storage/DeleteObject",
])("the XML request %s is refused: it is not known to be one thing", (request) => {
  expect(understand(request).kind).toBe("unknown");
});

test.each([
  ["GET /", "storage.buckets.list", ""],
  ["GET /bkt", "storage.objects.list", "b/bkt"],
  ["GET /bkt/", "storage.objects.list", "b/bkt"],
  ["GET /bkt?prefix=logs%2F&max-keys=10", "storage.objects.list", "b/bkt"],
  ["HEAD /bkt", "storage.buckets.get", "b/bkt"],
  ["PUT /bkt", "storage.buckets.insert", "b/bkt"],
  ["DELETE /bkt", "storage.buckets.delete", "b/bkt"],
  ["GET /bkt?acl", "storage.bucketAccessControls.list", "b/bkt"],
  ["PUT /bkt?acl", "storage.bucketAccessControls.update", "b/bkt"],
  ["GET /bkt?lifecycle", "storage.buckets.get", "b/bkt"],
  ["PUT /bkt?lifecycle", "storage.buckets.patch", "b/bkt"],
  ["POST /bkt?delete", "storage.objects.delete", "b/bkt"],
  ["GET /bkt/dir/obj.txt", "storage.objects.get", "b/bkt/o/dir%2Fobj.txt"],
  ["GET /bkt/dir%2Fobj.txt", "storage.objects.get", "b/bkt/o/dir%2Fobj.txt"],
  ["GET /bkt/obj?generation=1", "storage.objects.get", "b/bkt/o/obj"],
  ["HEAD /bkt/obj", "storage.objects.get", "b/bkt/o/obj"],
  ["PUT /bkt/dir/", "storage.objects.insert", "b/bkt/o/dir%2F"],
  ["DELETE /bkt/obj", "storage.objects.delete", "b/bkt/o/obj"],
  ["PUT /bkt/obj?acl", "storage.objectAccessControls.update", "b/bkt/o/obj"],
  ["PUT /bkt/obj?compose", "storage.objects.compose", "b/bkt/o/obj"],
  ["POST /bkt/obj?uploads", "storage.objects.insert", "b/bkt/o/obj"],
  ["PUT /bkt/obj?uploadId=u&partNumber=1", "storage.objects.insert", "b/bkt/o/obj"],
  ["DELETE /bkt/obj?uploadId=u", "storage.objects.delete", "b/bkt/o/obj"],
] as const)("the XML request %s is %s of %s", (request, id, name) => {
  expect(understand(request)).toMatchObject({
    kind: "call",
    call: { operation: { id }, resource: { name } },
  });
});

test("a PUT that copies is a copy, which may overwrite, and not an upload", () => {
  const result = understand("PUT /bkt/obj", [["X-Goog-Copy-Source", "/other/secret"]]);
  expect(result).toMatchObject({ call: { operation: { id: "storage.objects.copy", class: "destructive" } } });
  expect(understand("GET /bkt/obj", [["x-amz-copy-source", "/a/b"]]).kind).toBe("unknown");
});

test("the project of a new bucket comes from its header, which may stand once", () => {
  const header: RawHeader = ["x-goog-project-id", "p1"];
  expect(understand("PUT /bkt", [header])).toMatchObject({
    call: { resource: { name: "b/bkt", project: "p1" } },
  });
  expect(understand("GET /", [header])).toMatchObject({ call: { resource: { project: "p1" } } });
  const twice: RawHeader[] = [
    ["x-goog-project-id", "p1"],
    ["X-Goog-Project-Id", "p2"],
  ];
  expect(understand("GET /", twice)).toMatchObject({ kind: "unknown", code: "parameter_refused" });
});

test("a resumable upload starts only with its header", () => {
  expect(understand("POST /bkt/obj", [["x-goog-resumable", "start"]])).toMatchObject({
    call: { media: "resumable_upload" },
  });
});

test("no header claims a project for a bucket that exists", () => {
  const result = understand("GET /foreign/obj", [["x-goog-project-id", "allowed"]]);
  expect(result.kind === "call" && result.call.resource.project).toBeUndefined();
});
