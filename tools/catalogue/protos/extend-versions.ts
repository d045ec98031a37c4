import { parseTemplate } from "../../../src/catalogue/rest/template.ts";
import type { SecretField } from "../curated.ts";
import type { ApiVersion, Method } from "../intermediate.ts";
import { keyOf } from "./binding.ts";
import type { Protos } from "./declarations.ts";
import type { Join, JoinedRpc, JoinedService } from "./join.ts";
import { type JsonSchemas, jsonSchemasOf } from "./json-schemas.ts";
import { splitPackage } from "./names.ts";
import { claimRoutes, methodOf, type Place, printRoute, type TakenRoutes } from "./proto-methods.ts";
import type { SecretMarks } from "./secret-marks.ts";

export interface Extended {
  /** The REST versions with the routes only the protos know, then versions of packages that are not in REST at all. */
  readonly versions: readonly ApiVersion[];
  /** Of the schemas that were added. */
  readonly secretFields: readonly SecretField[];
  /** Routes added to methods REST has, and those of methods it has not. */
  readonly routes: { readonly ofRestMethods: number; readonly ofProtoMethods: number };
}

/** Its paths outside `/storage` belong to the XML API: a route there would be read as a bucket. */
const xmlHost = "storage.googleapis.com";

/** Adds to the REST methods what the protos know of REST beyond them. */
export function extendVersions(join: Join, protos: Protos, marks: SecretMarks): Extended {
  const taken = takenRoutes(join.versions);
  const takenOn = (host: string): TakenRoutes => {
    const routes = taken.get(host) ?? new Set();
    taken.set(host, routes);
    return routes;
  };
  const onHosts = join.services.filter(({ host }) => host !== "*" && host !== xmlHost);
  const more = new Map<Method, string[]>();
  for (const { host, rpcs } of onHosts) {
    for (const { rest, bindings } of rpcs) {
      if (rest === undefined) continue;
      const routes = claimRoutes(bindings, takenOn(host)).map(printRoute);
      if (routes.length > 0) more.set(rest, [...(more.get(rest) ?? []), ...routes]);
    }
  }
  const places = new Places(join.versions);
  for (const joined of onHosts) {
    for (const rpc of joined.rpcs.filter(({ rest }) => rest === undefined)) {
      const place = places.of(joined);
      const method = methodOf(rpc, place, takenOn(joined.host), protos);
      if (method !== undefined) places.add(place, method, rpc);
    }
  }
  const schemas = new Map(
    [...places.methods].map(([key, { place, rpcs }]) => [
      key,
      jsonSchemasOf(
        rpcs.flatMap(({ rpc }) => [rpc.request, rpc.response, ...rpc.operationTypes]),
        protos,
        marks,
        place,
      ),
    ]),
  );
  const withRoutes = join.versions.map((version) => ({
    ...version,
    methods: version.methods.map((method) => withMoreRoutes(method, more.get(method))),
  }));
  return {
    versions: places.placeInto(withRoutes, schemas),
    secretFields: [...schemas.values()].flatMap(({ secretFields }) => secretFields),
    routes: {
      ofRestMethods: [...more.values()].flat().length,
      ofProtoMethods: [...places.methods.values()]
        .flatMap(({ methods }) => methods)
        .reduce((sum, { moreRoutes = [] }) => sum + 1 + moreRoutes.length, 0),
    },
  };
}

function withMoreRoutes(method: Method, routes: readonly string[] | undefined): Method {
  return routes === undefined ? method : { ...method, moreRoutes: [...(method.moreRoutes ?? []), ...routes] };
}

function takenRoutes(versions: readonly ApiVersion[]): Map<string, TakenRoutes> {
  const taken = new Map<string, TakenRoutes>();
  for (const { host, verb, template } of versions.flatMap(({ methods }) => methods)) {
    const routes = taken.get(host) ?? new Set();
    taken.set(host, routes.add(keyOf(verb, parseTemplate(template))));
  }
  return taken;
}

interface Placed {
  readonly place: Place;
  readonly methods: Method[];
  readonly rpcs: JoinedRpc[];
}

/** Which API version each method of the protos belongs to. Owns the versions while they grow. */
class Places {
  readonly methods = new Map<string, Placed>();
  readonly #versions: ReadonlyMap<string, Place>;
  readonly #hosts = new Map<string, string>();

  constructor(versions: readonly ApiVersion[]) {
    this.#versions = new Map(
      versions.map(({ api, version, methods }) => {
        const host = methods[0]?.host ?? "";
        return [`${host} ${version}`, { api, version, host }] as const;
      }),
    );
  }

  /** The version of the same host if REST has it, else one named by the package. */
  of({ service, host }: JoinedService): Place {
    const { stem, version } = splitPackage(service.package);
    const known = this.#versions.get(`${host} ${version}`);
    if (known !== undefined) return known;
    const first = this.#hosts.get(service.package) ?? host;
    this.#hosts.set(service.package, first);
    // Few packages have services on two hosts.
    const api = first === host ? stem : `${stem}.${host.slice(0, host.indexOf("."))}`;
    return { api, version: version === "" ? "v1" : version, host };
  }

  add(place: Place, method: Method, rpc: JoinedRpc): void {
    const key = keyOfPlace(place);
    const placed = this.methods.get(key) ?? { place, methods: [], rpcs: [] };
    placed.methods.push(method);
    placed.rpcs.push(rpc);
    this.methods.set(key, placed);
  }

  placeInto(versions: readonly ApiVersion[], schemas: ReadonlyMap<string, JsonSchemas>): ApiVersion[] {
    const known = new Set(versions.map(keyOfPlace));
    const extended = versions.map((version) => {
      const placed = this.methods.get(keyOfPlace(version));
      if (placed === undefined) return version;
      const added = schemas.get(keyOfPlace(version))?.schemas ?? new Map();
      return {
        ...version,
        methods: [...version.methods, ...placed.methods],
        schemas: new Map([...added, ...version.schemas]),
      };
    });
    const fresh = [...this.methods].flatMap(([key, { place, methods }]) =>
      known.has(key)
        ? []
        : [
            {
              api: place.api,
              version: place.version,
              methods,
              schemas: schemas.get(key)?.schemas ?? new Map(),
            },
          ],
    );
    return [...extended, ...fresh.sort((one, other) => (keyOfPlace(one) < keyOfPlace(other) ? -1 : 1))];
  }
}

function keyOfPlace({ api, version }: Pick<ApiVersion, "api" | "version">): string {
  return `${api} ${version}`;
}
