import type { Service } from "../router.ts";
import type { World } from "../world.ts";
import { cloudBuild } from "./cloud-build.ts";
import { compute } from "./compute.ts";
import { functions } from "./functions.ts";
import { iam } from "./iam.ts";
import { resourceManager } from "./projects.ts";
import { pubsub } from "./pubsub.ts";
import { run } from "./run.ts";
import { runV2 } from "./run-v2.ts";
import { secretManager } from "./secrets.ts";
import { serviceUsage } from "./service-usage.ts";
import { signedStorage, storage } from "./storage.ts";

/** Everything the practice cloud offers. Of two services on one host, the first that knows the path answers. */
export function allServices(world: World): readonly Service[] {
  return [
    cloudBuild(world),
    compute(world),
    functions(world),
    iam(world),
    pubsub(world),
    resourceManager(world),
    run(world),
    runV2(world),
    secretManager(world),
    serviceUsage(world),
    storage(world),
    signedStorage(world),
  ];
}
