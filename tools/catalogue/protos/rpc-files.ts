import type { OperationFlag } from "../../../src/catalogue/index.ts";
import type { RpcFile, RpcRow } from "../../../src/catalogue/rpc/rpc-file.ts";
import { classify } from "../classify.ts";
import type { Curated } from "../curated.ts";
import type { ApiVersion } from "../intermediate.ts";
import type { Protos } from "./declarations.ts";
import type { JoinedRpc, JoinedService } from "./join.ts";
import { resourceNamesOf } from "./resource-fields.ts";
import type { NumberedSecrets } from "./secret-numbers.ts";

export interface RpcInputs {
  readonly protos: Protos;
  readonly services: readonly JoinedService[];
  /** With the methods that only the protos know. */
  readonly versions: readonly ApiVersion[];
  readonly secrets: NumberedSecrets;
  readonly curated: Curated;
}

/** What is committed of gRPC, a file a host. */
export function rpcFilesOf(inputs: RpcInputs): RpcFile[] {
  const byHost = new Map<string, JoinedService[]>();
  for (const joined of inputs.services) byHost.set(joined.host, [...(byHost.get(joined.host) ?? []), joined]);
  return [...byHost]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([host, services]) => rpcFileOf(host, services, inputs));
}

const operationMessage = "google.longrunning.Operation";
/** Answers of services that every host serves, which may hold messages of the host. */
const sharedMessages = [operationMessage, "google.longrunning.ListOperationsResponse", "google.rpc.Status"];

function rpcFileOf(host: string, services: readonly JoinedService[], inputs: RpcInputs): RpcFile {
  const { secrets, versions, curated } = inputs;
  const ofHost = versions.filter(({ methods }) => methods[0]?.host === host);
  const restIds = new Set(ofHost.flatMap(({ methods }) => methods.map(({ id }) => id)));
  const reasons: string[] = [];
  const bears = (name: string): boolean => secrets.bears(name, "request") || secrets.bears(name, "response");
  const roots = rootsOf(services, inputs).filter(bears);
  const rowInputs: RowInputs = {
    ...inputs,
    reasons,
    restIds,
    mayHoldSecrets: host === "*" || roots.length > 0,
  };
  const rows = services
    .map(({ service, rpcs }) => [service.name, rpcs.map((rpc) => rowOf(rpc, rowInputs))] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  const referred = rows.flatMap(([, rpcs]) => rpcs.flatMap(({ request, response }) => [request, response]));
  return {
    service: host,
    slashes: [...new Set(ofHost.flatMap(({ api }) => curated.slashes.get(api) ?? []))],
    reasons,
    services: new Map(rows),
    secrets:
      roots.length === 0
        ? new Map()
        : secrets.graphFrom([...roots, ...sharedMessages, ...referred.filter((name) => name !== undefined)]),
  };
}

/** Messages of a host: those its rpcs take and give, and what an Any among them may hold. */
function rootsOf(services: readonly JoinedService[], { protos }: RpcInputs): string[] {
  const packages = new Set(services.map(({ service }) => service.package));
  const named = services.flatMap(({ rpcs }) =>
    rpcs.flatMap(({ rpc }) => [rpc.request, rpc.response, ...rpc.operationTypes]),
  );
  const inPackages = [...protos.messages.values()].filter((message) => packages.has(message.package));
  return [...new Set([...named, ...inPackages.map(({ name }) => name)])];
}

interface RowInputs extends RpcInputs {
  readonly reasons: string[];
  readonly restIds: ReadonlySet<string>;
  readonly mayHoldSecrets: boolean;
}

function rowOf(joined: JoinedRpc, inputs: RowInputs): RpcRow {
  const { rpc, rest, bindings } = joined;
  const { protos, curated, secrets, mayHoldSecrets } = inputs;
  const names = resourceNamesOf(rpc, bindings, { messages: protos.messages, decided: curated.rpcResources });
  const isSecret = (message: string, direction: "request" | "response"): boolean =>
    secrets.bears(message, direction) || (mayHoldSecrets && secrets.leadsToAny(message));
  return {
    method: rpc.method,
    operation: rest?.id,
    resources: names.length === 0 ? "-" : names.join("|"),
    streaming: rpc.streaming === "" ? undefined : rpc.streaming,
    request: isSecret(rpc.request, "request") ? rpc.request : undefined,
    response: isSecret(rpc.response, "response") ? rpc.response : undefined,
    own: rest !== undefined || inputs.restIds.has(rpc.name) ? undefined : ownOf(joined, inputs),
  };
}

function ownOf({ rpc, bindings }: JoinedRpc, { curated, reasons }: RowInputs): RpcRow["own"] {
  const operation = { id: rpc.name, aliases: [] };
  const verdict = classify({ id: rpc.name, verb: bindings[0]?.verb ?? "POST" }, curated);
  if (!reasons.includes(verdict.reason)) reasons.push(verdict.reason);
  const flags: OperationFlag[] = curated.flags
    .filter(({ isMeant }) => isMeant(operation))
    .map(({ flag }) => flag);
  if (rpc.response === operationMessage && verdict.class !== "read") flags.push("long_running");
  const aliases = curated.aliases.filter(({ isMeant }) => isMeant(operation)).map(({ alias }) => alias);
  return {
    class: verdict.class,
    why: reasons.indexOf(verdict.reason),
    flags: [...new Set(flags)].sort(),
    aliases: [...new Set(aliases)],
  };
}

/** Names of the rpcs in a file that are operations of their own and have no path. */
export function unroutedIn({ services }: RpcFile): string[] {
  return [...services].flatMap(([service, rpcs]) =>
    rpcs.filter(({ own }) => own !== undefined).map(({ method }) => `${service}/${method}`),
  );
}
