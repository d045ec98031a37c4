import type { KnownHosts } from "./host.ts";
import type { Operation } from "./operation.ts";
import type { RouteTree } from "./rest/route-tree.ts";

/** What understanding needs to know of the committed catalogue. */
export interface Knowledge extends KnownHosts {
  /** By service host. */
  readonly service: (host: string) => Service | undefined;
}

/** What is known of one host. */
export interface Service {
  readonly tree: RouteTree;
  /** By id; the worst of its versions. */
  readonly operation: (id: string) => Operation | undefined;
}
