/**
 * What a request means: request line in, operation and resource out.
 * It never guesses: what it does not know is `unknown`. Pure; trusted to name every call the policies judge.
 */
export { bodyMatters, type RequestBody, refineByBody } from "./body/index.ts";
export type { Catalogue } from "./catalogue.ts";
export { loadCatalogue } from "./load.ts";
export type { Call, Operation, OperationFlag, Resource, RiskClass } from "./operation.ts";
export { compileOperationPattern, isDeadPattern, type OperationTest } from "./pattern.ts";
export type { Rpc, RpcDescription, RpcLine, SecretPath } from "./rpc/index.ts";
export { secretPaths } from "./secret-paths.ts";
export type { CallLine, Understanding, UnknownCode } from "./understanding.ts";
