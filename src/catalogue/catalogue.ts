import type { RequestBody } from "./body/index.ts";
import type { Call, Operation } from "./operation.ts";
import type { Rpc, RpcDescription, RpcLine } from "./rpc/index.ts";
import type { CallLine, Understanding } from "./understanding.ts";

export interface Catalogue {
  understand(line: CallLine): Understanding;
  /** What a call would have been, had it been asked properly. Said to people, never acted upon. */
  meaningOf(line: CallLine): Call | undefined;
  /** Whether the body of a call, or its beginning, says how bad it is, so that it must be read before the call is judged. */
  readsBody(call: Call, contentType: string | undefined): boolean;
  /** The call with the class, reason and flags its body gives it; the worst case stands where the body leaves a doubt. */
  judgeBody(call: Call, body: RequestBody): Call;
  understandRpc(line: RpcLine): Understanding;
  /** An rpc of a host by its name, `package.Service/Method`: e.g. where the secrets of its messages sit. */
  findRpc(service: string, name: string): Rpc | undefined;
  /** The rpcs that are an operation, for people. */
  rpcsOf(operation: Pick<Operation, "id" | "service">): readonly RpcDescription[];
  /** Whether a host belongs to a Google API we know; anything else is never intercepted. */
  knowsHost(host: string): boolean;
  /** By id; `undefined` when there is none. */
  operation(id: string): Operation | undefined;
  operations(): Iterable<Operation>;
}
