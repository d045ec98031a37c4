import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import type { Operation } from "./operation.ts";

/** Whether an operation is meant; made once from a pattern, asked for every call. */
export type OperationTest = (operation: Pick<Operation, "id" | "aliases">) => boolean;

/**
 * Compiles what stands under `operations:` in a policy: an exact id, an alias, or an id with `*` for one segment
 * between dots and `**` for any number of them, none included. Throws GatehouseError `bad_pattern`.
 *
 * Wildcards look at ids only. `*.delete` would otherwise take in everything an alias like `compute.delete` stands
 * for, and nobody who writes an allow rule expects that.
 */
export function compileOperationPattern(pattern: string): OperationTest {
  const segments = parsePattern(pattern);
  if (!segments.some(isWildcard)) {
    return (operation) => operation.id === pattern || operation.aliases.includes(pattern);
  }
  return (operation) => matchesSegments(segments, operation.id.split("."));
}

/** Whether a pattern names no operation at all: a rule nobody would miss, or a typing error. Throws like compile. */
export function isDeadPattern(
  pattern: string,
  operations: Iterable<Pick<Operation, "id" | "aliases">>,
): boolean {
  const isMeant = compileOperationPattern(pattern);
  for (const operation of operations) if (isMeant(operation)) return false;
  return true;
}

function isWildcard(segment: string): boolean {
  return segment === "*" || segment === "**";
}

function parsePattern(pattern: string): readonly string[] {
  const refuse = (why: string): never => {
    throw new GatehouseError(
      "bad_pattern",
      `"${pattern.slice(0, limits.operationPatternLengthMax)}" is no operation pattern: ${why}`,
    );
  };
  if (pattern.length > limits.operationPatternLengthMax)
    return refuse(`it is longer than ${limits.operationPatternLengthMax} characters`);
  const segments = pattern.split(".");
  for (const segment of segments) {
    if (segment === "") return refuse("a segment between dots is empty");
    if (isWildcard(segment)) continue;
    if (segment.includes("*")) return refuse("a wildcard stands for whole segments, so `get*` means nothing");
    // The slash belongs to gRPC names (`package.Service/Method`).
    if (!/^[A-Za-z0-9_$/-]+$/.test(segment)) return refuse(`"${segment}" holds a character no id has`);
  }
  const isBare = segments.length === 1 && !isWildcard(pattern);
  return isBare ? refuse("an id has at least two segments, e.g. `storage.buckets.get`") : segments;
}

/** The classic glob walk with one point of return: linear in practice, never worse than length times length. */
function matchesSegments(pattern: readonly string[], id: readonly string[]): boolean {
  let at = 0;
  let seen = 0;
  let returnTo = -1;
  let returnSeen = 0;
  while (seen < id.length) {
    if (pattern[at] === "**") {
      returnTo = at++;
      returnSeen = seen;
    } else if (at < pattern.length && (pattern[at] === "*" || pattern[at] === id[seen])) {
      at++;
      seen++;
    } else if (returnTo >= 0) {
      at = returnTo + 1;
      seen = ++returnSeen;
    } else {
      return false;
    }
  }
  while (pattern[at] === "**") at++;
  return at === pattern.length;
}
