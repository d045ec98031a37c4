import { ownText } from "../json.ts";
import { type Call, route, type Service } from "../router.ts";
import { putObject, requireBucket } from "../stored-object.ts";
import type { World } from "../world.ts";
import { bucketRoutes } from "./storage-buckets.ts";
import { objectRoutes } from "./storage-objects.ts";
import { uploadRoutes } from "./storage-uploads.ts";

/** Cloud Storage, JSON API v1. */
export function storage(world: World): Service {
  return {
    hosts: ["storage.googleapis.com", "www.googleapis.com"],
    errors: "legacy",
    routes: [...bucketRoutes(world), ...objectRoutes(world), ...uploadRoutes(world)],
  };
}

/** Cloud Storage, XML API: only what signed upload URLs need, and only with such a signature. */
export function signedStorage(world: World): Service {
  const isSigned = (call: Call): boolean => world.signer.permits(call);
  return {
    hosts: ["storage.googleapis.com"],
    errors: "xml",
    routes: [
      route(
        "PUT",
        "/{bucket=*}/{object=**}",
        (call) => {
          if (!isSigned(call)) requireBucket(world, call.param("bucket"));
          const resource = putObject(world, {
            bucket: call.param("bucket"),
            name: call.param("object"),
            metadata: { contentType: call.headers["content-type"] ?? "application/octet-stream" },
            bytes: call.body,
          });
          const hash = `crc32c=${ownText(resource, "crc32c")},md5=${ownText(resource, "md5Hash")}`;
          return {
            status: 200,
            headers: { "X-Goog-Generation": ownText(resource, "generation"), "X-Goog-Hash": hash },
            body: Buffer.alloc(0),
          };
        },
        isSigned,
      ),
    ],
  };
}
