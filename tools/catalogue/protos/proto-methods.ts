import type { Method, QueryParameter } from "../intermediate.ts";
import { type Binding, keyOf } from "./binding.ts";
import type { ProtoMessage, Protos } from "./declarations.ts";
import type { JoinedRpc } from "./join.ts";
import { schemaName } from "./json-schemas.ts";

/** Where a method goes that only the protos know. */
export interface Place {
  readonly api: string;
  readonly version: string;
  readonly host: string;
}

/** Routes of one host that are spoken for. */
export type TakenRoutes = Set<string>;

/**
 * The REST method of an rpc that Discovery lacks, under the rpc's name; `undefined` where all of its paths belong to
 * another method already, or it has none.
 */
export function methodOf(
  { rpc, bindings }: JoinedRpc,
  place: Place,
  taken: TakenRoutes,
  { messages }: Protos,
): Method | undefined {
  const [first, ...others] = claimRoutes(bindings, taken);
  if (first === undefined) return undefined;
  const request = messages.get(rpc.request);
  return {
    ...place,
    id: rpc.name,
    verb: first.verb,
    template: first.template,
    ...(others.length === 0 ? {} : { moreRoutes: others.map(printRoute) }),
    uploadTemplate: undefined,
    isApproximate: false,
    requestSchema: schemaOf(bodyOf(first, request, rpc.request), messages),
    responseSchema: schemaOf(rpc.response, messages),
    queryParameters: queryOf(first, request),
  };
}

/** Those of a method's bindings that nobody has; they are taken from then on. */
export function claimRoutes(bindings: readonly Binding[], taken: TakenRoutes): Binding[] {
  return bindings.filter((binding) => {
    const key = keyOf(binding.verb, binding.path);
    if (taken.has(key)) return false;
    taken.add(key);
    return true;
  });
}

export function printRoute({ verb, template }: Binding): string {
  return `${verb} ${template}`;
}

function bodyOf(
  { body }: Binding,
  request: ProtoMessage | undefined,
  requestName: string,
): string | undefined {
  if (body === "") return undefined;
  return body === "*" ? requestName : request?.fields.get(body)?.type;
}

function schemaOf(message: string | undefined, messages: Protos["messages"]): string | undefined {
  const isKnown = message !== undefined && messages.has(message) && !message.startsWith("google.protobuf.");
  return isKnown ? schemaName(message) : undefined;
}

/** Fields of the request that are neither in the path nor in the body. */
function queryOf({ body, variables }: Binding, request: ProtoMessage | undefined): QueryParameter[] {
  if (body === "*" || request === undefined) return [];
  const inPath = new Set(variables.map(({ field }) => field));
  return [...request.fields.values()]
    .filter(({ name }) => name !== body && !inPath.has(name))
    .map(({ jsonName, isRepeated }) => ({ name: jsonName, isRepeated }));
}
