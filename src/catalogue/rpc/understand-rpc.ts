import { limits } from "#lib/limits";
import { canonicalHost, type KnownHosts, wwwHost } from "../host.ts";
import type { Operation } from "../operation.ts";
import { resourceOf } from "../resource.ts";
import { tokenHosts } from "../rest/understand.ts";
import type { Understanding, UnknownCode } from "../understanding.ts";
import type { MessageResource } from "./message-resource.ts";
import type { Rpcs } from "./open-rpcs.ts";

/** A gRPC request as it came from the wire. */
export interface RpcLine {
  readonly host: string;
  /** `:path`, undecoded. */
  readonly path: string;
  /**
   * The first message, without its five bytes of framing and uncompressed. Without it the answer tells the operation
   * and no resource: enough to refuse, never enough to let pass.
   */
  readonly message?: Uint8Array | undefined;
}

export interface RpcKnowledge extends KnownHosts {
  readonly rpcs: Rpcs;
  /** An operation of a host by its id. */
  readonly operation: (service: string, id: string) => Operation | undefined;
}

/**
 * What a gRPC call means. The resource comes from the message the server will read: what headers such as
 * `x-goog-request-params` claim is for Google's routing, and an agent may write into them what it likes.
 */
export function understandRpc(line: RpcLine, knowledge: RpcKnowledge): Understanding {
  const host = canonicalHost(line.host, knowledge);
  if (host === undefined)
    return unknown("unknown_host", `${show(line.host)} is not the host of a known Google API`);
  if (tokenHosts.includes(host.service))
    return unknown("token_endpoint", "tokens of Google are not handed out through Gatehouse");
  const name = nameInPath(line.path);
  const speaksRpc = host.bucket === undefined && host.service !== wwwHost;
  const rpc = name === undefined || !speaksRpc ? undefined : knowledge.rpcs.find(host.service, name);
  const operation = rpc && (rpc.ownOperation ?? knowledge.operation(host.service, rpc.operationId));
  if (rpc === undefined || operation === undefined)
    return unknown("unknown_method", `${host.service} has no gRPC method ${show(line.path)}`);

  const named = line.message === undefined ? nothing : rpc.readResource(line.message);
  if (typeof named === "string") return unknown("ambiguous_path", `the request message is refused: ${named}`);
  const resource = resourceOf(named.segments, {
    service: host.service,
    location: host.location,
    projectAside: undefined,
    endsInLiteral: named.endsInLiteral,
  });
  if (resource === undefined)
    return unknown("ambiguous_path", "the service account belongs to another project than the name says");
  return { kind: "call", call: { operation, resource, host: host.host, query: new Map() } };
}

const nothing: MessageResource = { segments: [], endsInLiteral: false };

/** `/package.Service/Method` and nothing else (gRPC over HTTP/2, "Requests"): no prefix, no escape, no second slash. */
function nameInPath(path: string): string | undefined {
  if (path.length > limits.targetBytesMax) return undefined;
  return /^\/((?:[A-Za-z_]\w*\.)+[A-Za-z_]\w*\/[A-Za-z_]\w*)$/.exec(path)?.[1];
}

function unknown(code: UnknownCode, detail: string): Understanding {
  return { kind: "unknown", code, detail };
}

/** What a stranger wrote, fit to be shown: short and without control characters. */
function show(text: string): string {
  return JSON.stringify(text.slice(0, 120));
}
