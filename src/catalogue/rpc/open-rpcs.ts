import type { WireShape } from "#lib/wire-shape";
import type { Operation } from "../operation.ts";
import { type MessageReader, messageReader } from "./message-resource.ts";
import { parseResourceNames } from "./resource-name.ts";
import { parseRpcFile, type RpcFile, type RpcRow, type Streaming } from "./rpc-file.ts";
import { listSecrets, type SecretPath } from "./secret-paths.ts";
import { type WireShapeSource, wireShapesOf } from "./wire-shapes.ts";

/** One committed file, not yet parsed. */
export interface RpcSource {
  /** Host the file is about; `*` for services that every host serves. */
  readonly service: string;
  readonly text: string;
}

/** One rpc as one host serves it. */
export interface Rpc {
  /** `package.Service/Method`. */
  readonly name: string;
  /** Id of the operation it is: the REST id wherever there is one, else its own name. */
  readonly operationId: string;
  /** The operation where no REST path leads to it, so that the catalogue of REST methods lacks it. */
  readonly ownOperation: Operation | undefined;
  /** Reads the resource from a request message. */
  readonly readResource: MessageReader;
  readonly streaming: Streaming | undefined;
  readonly requestSecrets: WireShape | undefined;
  readonly responseSecrets: WireShape | undefined;
}

/** What people are told of an rpc. */
export interface RpcDescription {
  readonly name: string;
  readonly streaming: Streaming | undefined;
  readonly requestSecrets: readonly SecretPath[];
  readonly responseSecrets: readonly SecretPath[];
}

export interface Rpcs {
  /** Hosts that serve rpcs of their own. */
  readonly hosts: readonly string[];
  /** `service` is a host every rpc there may be asked of; `name` exactly as written. */
  find(service: string, name: string): Rpc | undefined;
  /** Operations no REST path leads to. */
  ownOperations(): readonly Operation[];
  /** Those of one id; opens only the hosts that know its service. */
  ownOperationsNamed(id: string): readonly Operation[];
  /** The rpcs that are an operation of a host, for people. */
  describe(operation: Pick<Operation, "id" | "service">): readonly RpcDescription[];
}

const everywhere = "*";

/** Makes rpcs of committed files. A host's file is parsed when the host is first asked for. */
export function openRpcs(sources: readonly RpcSource[]): Rpcs {
  const texts = new Map(sources.map(({ service, text }) => [service, text]));
  const opened = new Map<string, OpenHost>();
  const open = (host: string): OpenHost | undefined => {
    const known = opened.get(host);
    const text = texts.get(host);
    if (known !== undefined || text === undefined) return known;
    const fresh = openHost(parseRpcFile(text));
    opened.set(host, fresh);
    return fresh;
  };
  const hosts = [...texts.keys()].filter((host) => host !== everywhere);
  const read = (service: string, name: string): Rpc | undefined => {
    const host = open(service);
    // Services that every host serves answer with messages of the host they are asked on.
    return host?.rpc(name) ?? open(everywhere)?.rpc(name, host, service);
  };
  // Grows with what is asked and there, so by no more than the catalogue holds.
  const found = new Map<string, Rpc>();
  return {
    hosts,
    find: (service, name) => {
      const key = `${service}/${name}`;
      const known = found.get(key) ?? read(service, name);
      if (known !== undefined) found.set(key, known);
      return known;
    },
    ownOperations: () => [...texts.keys()].flatMap((host) => open(host)?.ownOperations() ?? []),
    ownOperationsNamed: (id) => {
      const slash = id.indexOf("/");
      const naming =
        slash < 0 ? [] : [...texts].filter(([, text]) => text.includes(`\n${id.slice(0, slash)}\n`));
      return naming.flatMap(
        ([host]) =>
          open(host)
            ?.ownOperations()
            .filter((each) => each.id === id) ?? [],
      );
    },
    describe: ({ id, service }) => [service, everywhere].flatMap((host) => open(host)?.describe(id) ?? []),
  };
}

interface OpenHost {
  /** With the shapes and under the name of another host, for services that every host serves. */
  rpc(name: string, shapes?: OpenHost, service?: string): Rpc | undefined;
  ownOperations(): Operation[];
  describe(operationId: string): RpcDescription[];
  readonly requests: WireShapeSource;
  readonly answers: WireShapeSource;
}

function openHost(file: RpcFile): OpenHost {
  const rows = new Map<string, RpcRow>();
  for (const [service, rpcs] of file.services) {
    for (const row of rpcs) rows.set(`${service}/${row.method}`, row);
  }
  const slashes = new Set(file.slashes);
  const requests = wireShapesOf(file.secrets, "request");
  const answers = wireShapesOf(file.secrets, "answer");
  return {
    requests,
    answers,
    rpc: (name, shapes, service = file.service) => {
      const row = rows.get(name);
      return (
        row && {
          name,
          operationId: row.operation ?? name,
          ownOperation: ownOperation(name, row, file, service),
          readResource: messageReader(parseResourceNames(row.resources), slashes),
          streaming: row.streaming,
          requestSecrets: (shapes?.requests ?? requests)(row.request),
          responseSecrets: (shapes?.answers ?? answers)(row.response),
        }
      );
    },
    ownOperations: () =>
      [...rows].flatMap(([name, row]) => ownOperation(name, row, file, file.service) ?? []),
    describe: (operationId) =>
      [...rows].flatMap(([name, row]) =>
        (row.operation ?? name) === operationId
          ? [
              {
                name,
                streaming: row.streaming,
                requestSecrets: listSecrets(file.secrets, row.request, "request"),
                responseSecrets: listSecrets(file.secrets, row.response, "answer"),
              },
            ]
          : [],
      ),
  };
}

function ownOperation(name: string, row: RpcRow, file: RpcFile, service: string): Operation | undefined {
  const { own } = row;
  if (own === undefined) return undefined;
  return {
    id: name,
    service,
    version: /\.(v\d\w*)\.\w+\/\w+$/.exec(name)?.[1] ?? "",
    class: own.class,
    classReason: file.reasons[own.why] ?? "",
    flags: own.flags,
    flagReasons: new Map(),
    aliases: own.aliases,
    // Shapes of JSON; an rpc without a path has no JSON form.
    requestSecrets: undefined,
    responseSecrets: undefined,
    volatileFields: [],
    capabilityField: undefined,
    permission: undefined,
    routes: [],
  };
}
