import type { Operation } from "./operation.ts";
import type { CallLine, Understanding } from "./understanding.ts";

export interface Catalogue {
  understand(line: CallLine): Understanding;
  /** Whether a host belongs to a Google API we know; anything else is never intercepted. */
  knowsHost(host: string): boolean;
  /** By id; `undefined` when there is none. */
  operation(id: string): Operation | undefined;
  operations(): Iterable<Operation>;
}
