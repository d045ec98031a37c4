import {
  bodyMatters,
  type Call,
  type CallLine,
  type Catalogue,
  type Operation,
  refineByBody,
  type Understanding,
} from "#catalogue";

export function operationOf(id: string, more: Partial<Operation> = {}): Operation {
  const [service = ""] = id.split(".");
  return {
    id,
    service: `${service}.googleapis.com`,
    version: "v1",
    class: "read",
    classReason: "for a test",
    flags: [],
    flagReasons: new Map(),
    aliases: [],
    requestSecrets: undefined,
    responseSecrets: undefined,
    volatileFields: [],
    capabilityField: undefined,
    permission: undefined,
    routes: [],
    ...more,
  };
}

/** What a method and path (a pattern on the raw target) mean. */
export interface Route {
  readonly method: string;
  readonly path: RegExp;
  readonly operation: Operation;
}

/** A catalogue of a few routes; the rest of it is as strict as the real one. */
export function smallCatalogue(routes: readonly Route[]): Catalogue {
  const operations = routes.map(({ operation }) => operation);
  const hosts = new Set(operations.map(({ service }) => service));
  return {
    knowsHost: (host) => hosts.has(host),
    operation: (id) => operations.find((operation) => operation.id === id),
    operations: () => operations,
    meaningOf: () => undefined,
    readsBody: bodyMatters,
    judgeBody: refineByBody,
    understand: (line) => understand(line, routes, hosts),
    understandRpc: ({ host, path }) => ({
      kind: "unknown",
      code: "unknown_method",
      detail: `${host}${path}`,
    }),
    findRpc: () => undefined,
    rpcsOf: () => [],
  };
}

function understand(line: CallLine, routes: readonly Route[], hosts: ReadonlySet<string>): Understanding {
  if (!hosts.has(line.host)) return { kind: "unknown", code: "unknown_host", detail: line.host };
  if (/[?&](gatehouse_handle|upload_id|X-Goog-Signature)=/.test(line.target)) {
    return { kind: "session_url", host: line.host };
  }
  const route = routes.find(
    ({ method, path, operation }) =>
      operation.service === line.host && method === line.method && path.test(line.target),
  );
  if (route === undefined) return { kind: "unknown", code: "unknown_method", detail: line.method };
  return { kind: "call", call: callOf(route.operation, line) };
}

function callOf(operation: Operation, line: CallLine): Call {
  const [path = "", query = ""] = line.target.split("?");
  const name = path.replace(/^\/(upload\/|download\/)?(storage\/)?v\d\/?/, "");
  return {
    operation,
    host: line.host,
    query: new Map(new URLSearchParams(query)),
    resource: {
      name,
      fullName: `//${operation.service}/${name}`,
      parent: "",
      type: "things",
      project: /projects\/([^/:]+)/.exec(path)?.[1],
      location: undefined,
    },
    media: mediaOf(line.target),
  };
}

function mediaOf(target: string): Call["media"] {
  if (target.startsWith("/download/") || target.includes("alt=media")) return "download";
  if (!target.startsWith("/upload/")) return undefined;
  return target.includes("uploadType=resumable") ? "resumable_upload" : "upload";
}
