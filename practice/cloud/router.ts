import type { IncomingHttpHeaders } from "node:http";
import { type ErrorShape, GoogleError } from "./google-error.ts";
import { type Json, type JsonObject, parseJsonObject } from "./json.ts";

/** What a route is given: the request, read once, and the variables of its template. */
export interface Call {
  readonly method: string;
  /** Lower case, without port. */
  readonly host: string;
  /** As sent, without query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** A variable of the template, decoded. Throws INVALID_ARGUMENT for broken percent-encoding. */
  readonly param: (name: string) => string;
  readonly json: () => JsonObject;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Json | Buffer;
}

export type AnswerCall = (call: Call) => Answer | Promise<Answer>;

export interface Route {
  readonly method: string;
  /** `{x}` is one segment without `:`, `{x=*}` one segment, `{x=**}` the rest of the path. */
  readonly template: string;
  readonly answer: AnswerCall;
  /**
   * Whether the address itself is the permission, as with signed URLs and upload sessions.
   * Looks at everything but the body, which is not read before this is known.
   */
  readonly isCapability?: (call: Call) => boolean;
}

export interface Service {
  /** Host names; `*-` in front takes any location. */
  readonly hosts: readonly string[];
  readonly errors: ErrorShape;
  readonly routes: readonly Route[];
}

/** Shorthand for a route's table line. */
export function route(
  method: string,
  template: string,
  answer: AnswerCall,
  isCapability?: (call: Call) => boolean,
): Route {
  return { method, template, answer, ...(isCapability === undefined ? {} : { isCapability }) };
}

export interface Match {
  readonly service: Service;
  readonly route: Route;
  /** Still percent-encoded. */
  readonly params: ReadonlyMap<string, string>;
}

export interface Router {
  /** The first route that fits, or undefined. */
  match(method: string, host: string, path: string): Match | undefined;
  /** The error shape of the API that lives on this host. */
  errorShape(host: string): ErrorShape;
}

interface CompiledRoute {
  readonly service: Service;
  readonly route: Route;
  readonly pattern: RegExp;
  readonly names: readonly string[];
}

export function createRouter(services: readonly Service[]): Router {
  const compiled = services.flatMap((service) => service.routes.map((each) => compile(service, each)));
  return {
    match(method, host, path) {
      for (const { service, route: candidate, pattern, names } of compiled) {
        if (candidate.method !== method || !serves(service, host)) continue;
        const found = pattern.exec(path);
        if (found === null) continue;
        const params = new Map(names.map((name, index) => [name, found[index + 1] ?? ""]));
        return { service, route: candidate, params };
      }
      return undefined;
    },
    errorShape: (host) => services.find((service) => serves(service, host))?.errors ?? "rpc",
  };
}

function serves(service: Service, host: string): boolean {
  return service.hosts.some((name) =>
    name.startsWith("*-") ? /^[a-z0-9-]+$/.test(beforeSuffix(host, name.slice(1))) : host === name,
  );
}

function beforeSuffix(host: string, suffix: string): string {
  return host.endsWith(suffix) ? host.slice(0, -suffix.length) : "";
}

const shapes: Readonly<Record<string, string>> = { "": "([^/:]+)", "*": "([^/]+)", "**": "(.+)" };

function compile(service: Service, each: Route): CompiledRoute {
  const names: string[] = [];
  const source = each.template.replaceAll(
    /\{(\w+)(?:=(\*{1,2}))?\}|[.$]/g,
    (token, name: string | undefined, shape: string | undefined) => {
      if (name === undefined) return `\\${token}`;
      names.push(name);
      return shapes[shape ?? ""] ?? "";
    },
  );
  return { service, route: each, pattern: new RegExp(`^${source}$`), names };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new GoogleError("INVALID_ARGUMENT", "The request path is not valid percent-encoding.");
  }
}

export function callFor(match: Match, request: Omit<Call, "param" | "json">): Call {
  return {
    ...request,
    param: (name) => {
      const value = match.params.get(name);
      if (value === undefined) throw new Error(`${match.route.template} has no {${name}}`);
      return decode(value);
    },
    json: () => parseJsonObject(request.body),
  };
}
