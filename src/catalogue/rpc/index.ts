// What a gRPC request means: host, path and first message in, operation and resource out; and where the secrets of a
// message sit. It takes nothing a header claims, and what it does not know is `unknown`.
export { openRpcs, type Rpc, type RpcDescription, type RpcSource, type Rpcs } from "./open-rpcs.ts";
export type { SecretPath } from "./secret-paths.ts";
export { type RpcKnowledge, type RpcLine, understandRpc } from "./understand-rpc.ts";
