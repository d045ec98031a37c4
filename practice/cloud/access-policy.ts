import { createHash } from "node:crypto";
import { GoogleError } from "./google-error.ts";
import { type JsonObject, listIn, objectIn } from "./json.ts";
import type { Call } from "./router.ts";
import type { World } from "./world.ts";

/** The IAM policy of a resource; one that was never set has only an etag, as at Google. */
export function readPolicy(world: World, resource: string): JsonObject {
  return world.policies.get(resource) ?? sealed({ version: 1 });
}

/** `SetIamPolicyRequest`, refused when its etag says that somebody else was faster. */
export function setPolicy(world: World, resource: string, proposed: JsonObject): JsonObject {
  const etag = proposed["etag"];
  if (typeof etag === "string" && etag !== readPolicy(world, resource)["etag"]) {
    throw new GoogleError("CONFLICT", "There were concurrent policy changes. Read the policy and try again.");
  }
  const policy = sealed({
    version: proposed["version"] ?? 1,
    ...(listIn(proposed, "bindings").length === 0 ? {} : { bindings: listIn(proposed, "bindings") }),
  });
  world.policies.set(resource, policy);
  return policy;
}

export function setPolicyFrom(world: World, resource: string, call: Call): JsonObject {
  return setPolicy(world, resource, objectIn(call.json(), "policy"));
}

/** Here the caller may do everything: the gateway in front is what is practised on. */
export function permissionsFrom(call: Call): JsonObject {
  return { permissions: listIn(call.json(), "permissions") };
}

function sealed(policy: JsonObject): JsonObject {
  const digest = createHash("sha256").update(JSON.stringify(policy)).digest();
  return { ...policy, etag: digest.subarray(0, 9).toString("base64") };
}
