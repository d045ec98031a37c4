import type { WireMark } from "#lib/wire-shape";
import type { Direction } from "../secret-graph.ts";
import type { RpcFile } from "./rpc-file.ts";
import { parseCells, parseMark } from "./wire-shapes.ts";

/** A secret field of a message, for people. */
export interface SecretPath {
  /** Field numbers from the outside in, joined by dots; that of a map's value is 2. */
  readonly path: string;
  readonly mark: WireMark;
}

/** Enough to see what an rpc carries; compute's answers have thousands of ways to the same field. */
const listedMax = 50;

/** The secrets of a message, the nearest first. Cycles are cut; what an Any may hold is not followed. */
export function listSecrets(
  graph: RpcFile["secrets"],
  message: string | undefined,
  direction: Direction,
): SecretPath[] {
  const found: SecretPath[] = [];
  const waiting = [{ message, path: "" }];
  const seen = new Set<string>();
  for (const at of waiting) {
    const cells = at.message === undefined ? undefined : graph.get(at.message);
    if (at.message === undefined || cells === undefined || seen.has(at.message)) continue;
    seen.add(at.message);
    for (const { number, code } of parseCells(cells)) {
      const isMap = code.startsWith("[");
      const inner = isMap ? code.slice(1, -1) : code;
      const path = `${at.path}${number}${isMap ? ".2" : ""}`;
      const mark = parseMark(inner);
      if (mark === undefined) waiting.push({ message: inner, path: `${path}.` });
      else if (mark.direction === undefined || mark.direction === direction)
        found.push({ path, mark: mark.kind });
      if (found.length >= listedMax) return found;
    }
  }
  return found;
}
