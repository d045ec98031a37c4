import { randomUUID } from "node:crypto";
import type { Clock } from "./clock.ts";
import { GoogleError } from "./google-error.ts";
import type { JsonObject } from "./json.ts";

export interface Operation {
  readonly id: string;
  readonly verb: string;
  /** Full resource name of what the operation works on. */
  readonly target: string;
  readonly startedAt: Date;
  readonly doneAt: Date;
  readonly outcome: Outcome | undefined;
}

export type Outcome =
  | { readonly kind: "response"; readonly response: JsonObject }
  | { readonly kind: "error"; readonly error: GoogleError };

export interface Work {
  readonly verb: string;
  readonly target: string;
  /** Takes effect when the operation's time has come; returns its response. */
  readonly finish: () => JsonObject;
}

/** Long-running operations without timers: whoever looks first after the due time makes the work happen. */
export interface Operations {
  start(work: Work): Operation;
  find(id: string): Operation | undefined;
  all(): readonly Operation[];
  /** Brings everything up to date; called before each request is answered. */
  settle(): void;
}

const OPERATIONS_KEPT = 1_000;

export function createOperations(clock: Clock, lastMs: number): Operations {
  const known = new Map<string, Operation>();
  const pending = new Map<string, () => JsonObject>();

  function settle(): void {
    const now = clock.now();
    for (const [id, finish] of pending) {
      const operation = known.get(id);
      if (operation === undefined || now < operation.doneAt) continue;
      pending.delete(id);
      known.set(id, { ...operation, outcome: outcomeOf(finish) });
    }
  }

  return {
    start(work) {
      const startedAt = clock.now();
      const operation: Operation = {
        id: `operation-${startedAt.getTime()}-${randomUUID()}`,
        verb: work.verb,
        target: work.target,
        startedAt,
        doneAt: new Date(startedAt.getTime() + lastMs),
        outcome: undefined,
      };
      const [oldest] = known.keys();
      if (known.size >= OPERATIONS_KEPT && oldest !== undefined) known.delete(oldest);
      known.set(operation.id, operation);
      pending.set(operation.id, work.finish);
      settle();
      return known.get(operation.id) ?? operation;
    },
    find: (id) => known.get(id),
    all: () => [...known.values()],
    settle,
  };
}

function outcomeOf(finish: () => JsonObject): Outcome {
  try {
    return { kind: "response", response: finish() };
  } catch (error) {
    if (error instanceof GoogleError) return { kind: "error", error };
    throw error;
  }
}

/** google.longrunning.Operation, under the name the service gives it. `metadata` adds the service's own fields. */
export function renderOperation(operation: Operation, name: string, metadata: JsonObject): JsonObject {
  const { outcome } = operation;
  return {
    name,
    metadata: {
      ...metadata,
      createTime: operation.startedAt.toISOString(),
      target: operation.target,
      verb: operation.verb,
      ...(outcome === undefined ? {} : { endTime: operation.doneAt.toISOString() }),
    },
    done: outcome !== undefined,
    ...(outcome?.kind === "response" ? { response: outcome.response } : {}),
    ...(outcome?.kind === "error" ? { error: outcome.error.status } : {}),
  };
}
