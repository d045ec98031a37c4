import type { Call, Catalogue, Operation, Understanding } from "#catalogue";
import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import { parseCallLine } from "../call-line.ts";

/** What Gatehouse makes of a call written as a line of text. Members that nobody can tell are null. */
export interface Reading {
  readonly input: string;
  readonly operation: string | null;
  readonly class: string;
  /** Relative resource name; for lists and creates the parent. */
  readonly resource: string | null;
  readonly project: string | null;
  readonly flags: readonly string[];
  readonly reason: string;
  /** Why the gateway would refuse the call before any policy is asked; null when it would not. */
  readonly refused: string | null;
}

/**
 * Reads `METHOD URL` or `GRPC HOST /package.Service/Method`, each with headers `Name: value` behind tabs. A line that
 * is no call is a reading too: whoever sends a thousand lines wants to know of the other 999.
 */
export function readLine(text: string, catalogue: Catalogue): Reading {
  try {
    const [, host, path] = /^GRPC +(\S+) +(\S+)$/.exec(text.split("\t", 1)[0]?.trim() ?? "") ?? [];
    if (host !== undefined && path !== undefined) {
      return describe(text, catalogue.understandRpc({ host, path }), undefined);
    }
    const line = parseCallLine(text);
    return describe(text, catalogue.understand(line), catalogue.meaningOf(line));
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error;
    return { ...unknownReading(text.slice(0, limits.targetBytesMax), error.message), refused: error.code };
  }
}

function describe(input: string, understanding: Understanding, meaning: Call | undefined): Reading {
  switch (understanding.kind) {
    case "call":
      return { ...callReading(input, understanding.call), refused: null };
    case "session_url": {
      const reason =
        "a URL that carries its own permission: refused unless it was issued to the same session through Gatehouse";
      return refusedReading({ input, code: "session_url", reason, meaning });
    }
    case "unknown": {
      const { code, detail } = understanding;
      return refusedReading({ input, code, reason: `${code}: ${detail}`, meaning });
    }
  }
}

interface Refused {
  readonly input: string;
  readonly code: string;
  readonly reason: string;
  readonly meaning: Call | undefined;
}

function refusedReading({ input, code, reason, meaning }: Refused): Reading {
  const reading = meaning === undefined ? unknownReading(input, reason) : callReading(input, meaning);
  return { ...reading, reason: `refused: ${reason}`, refused: code };
}

function callReading(input: string, { operation, resource }: Call): Omit<Reading, "refused"> {
  return {
    input,
    operation: operation.id,
    class: operation.class,
    resource: resource.name,
    project: resource.project ?? null,
    flags: operation.flags,
    reason: [operation.classReason, ...flagsInWords(operation)].join("; "),
  };
}

/** `exec: runs the code it deploys`, for the flags that need a word. */
export function flagsInWords({ flags, flagReasons }: Pick<Operation, "flags" | "flagReasons">): string[] {
  return flags.flatMap((flag) => {
    const reason = flagReasons.get(flag);
    return reason === undefined ? [] : [`${flag}: ${reason}`];
  });
}

function unknownReading(input: string, reason: string): Omit<Reading, "refused"> {
  return { input, operation: null, class: "unknown", resource: null, project: null, flags: [], reason };
}
