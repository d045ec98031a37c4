import type { ApiVersion, Method } from "../intermediate.ts";
import { type Binding, readBinding } from "./binding.ts";
import type { ProtoService, Protos, Rpc } from "./declarations.ts";
import { correctTemplate } from "./exact-templates.ts";
import { type RestRoutes, restRoutes } from "./rest-routes.ts";

/** Services that every host may serve besides its own. Their default hosts are no APIs. */
export const everywhere: ReadonlySet<string> = new Set([
  "google.longrunning.Operations",
  "google.iam.v1.IAMPolicy",
  "google.cloud.location.Locations",
]);

/** Hosts that the protos call otherwise than Discovery does; both answer. */
const discoveryHosts: ReadonlyMap<string, string> = new Map([
  ["translate.googleapis.com", "translation.googleapis.com"],
]);

export interface JoinedRpc {
  readonly rpc: Rpc;
  readonly bindings: readonly Binding[];
  /** The REST method that does the same; its id is the rpc's. */
  readonly rest: Method | undefined;
}

export interface JoinedService {
  readonly service: ProtoService;
  /** As Discovery calls it; `*` for services that every host serves. */
  readonly host: string;
  /** Other hosts that serve it. */
  readonly otherHosts: readonly string[];
  readonly rpcs: readonly JoinedRpc[];
}

export interface Join {
  /** The REST versions with exact templates where the protos have them. */
  readonly versions: readonly ApiVersion[];
  readonly services: readonly JoinedService[];
  /** REST methods by host. */
  readonly routes: ReadonlyMap<string, RestRoutes>;
  readonly correctedTemplates: number;
}

const cloudPlatform = "https://www.googleapis.com/auth/cloud-platform";

/**
 * Finds the REST operation each rpc is. Services of Google Cloud are all taken, others only where some rpc of theirs
 * is an operation that is carried.
 */
export function joinProtos(protos: Protos, versions: readonly ApiVersion[]): Join {
  const bindings = bindingsByHost(protos.services);
  const corrected = versions.map((version) => ({
    ...version,
    methods: version.methods.map((method) => correctTemplate(method, bindings.get(method.host) ?? [])),
  }));
  const routes = routesByHost(corrected);
  const services = protos.services.flatMap((service) => {
    const joined = joinService(service, routes);
    return joined === undefined || !isWanted(joined) ? [] : [joined];
  });
  const guesses = (all: readonly ApiVersion[]): number =>
    all.flatMap(({ methods }) => methods).filter(({ isApproximate }) => isApproximate).length;
  return {
    versions: corrected,
    services,
    routes,
    correctedTemplates: guesses(versions) - guesses(corrected),
  };
}

function isWanted({ host, service, rpcs }: JoinedService): boolean {
  return (
    host === "*" || service.scopes.includes(cloudPlatform) || rpcs.some(({ rest }) => rest !== undefined)
  );
}

function joinService(
  service: ProtoService,
  routes: ReadonlyMap<string, RestRoutes>,
): JoinedService | undefined {
  if (everywhere.has(service.name)) return { service, host: "*", otherHosts: [], rpcs: unjoined(service) };
  if (service.host === undefined) return undefined;
  const host = discoveryHosts.get(service.host) ?? service.host;
  const rest = routes.get(host);
  const rpcs = unjoined(service).map((joined) => ({
    ...joined,
    rest: rest && restOf(joined.bindings, rest),
  }));
  return { service, host, otherHosts: host === service.host ? [] : [service.host], rpcs };
}

function unjoined({ rpcs }: ProtoService): JoinedRpc[] {
  return rpcs.map((rpc) => ({ rpc, bindings: rpc.bindings.map(readBinding), rest: undefined }));
}

function restOf(bindings: readonly Binding[], routes: RestRoutes): Method | undefined {
  for (const binding of bindings) {
    const method = routes.equalTo(binding);
    if (method !== undefined) return method;
  }
  for (const binding of bindings) {
    const method = routes.taking(binding);
    if (method !== undefined) return method;
  }
  return undefined;
}

function bindingsByHost(services: readonly ProtoService[]): Map<string, Binding[]> {
  const byHost = new Map<string, Binding[]>();
  for (const { host, rpcs } of services) {
    if (host === undefined) continue;
    const name = discoveryHosts.get(host) ?? host;
    const all = byHost.get(name) ?? [];
    byHost.set(name, all);
    for (const rpc of rpcs) all.push(...rpc.bindings.map(readBinding));
  }
  return byHost;
}

function routesByHost(versions: readonly ApiVersion[]): Map<string, RestRoutes> {
  const byHost = new Map<string, Method[]>();
  for (const method of versions.flatMap(({ methods }) => methods)) {
    const methods = byHost.get(method.host) ?? [];
    byHost.set(method.host, methods);
    methods.push(method);
  }
  return new Map([...byHost].map(([host, methods]) => [host, restRoutes(methods)]));
}
