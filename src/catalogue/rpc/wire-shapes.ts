import type { WireMark, WireShape } from "#lib/wire-shape";
import type { Direction } from "../secret-graph.ts";
import type { RpcFile } from "./rpc-file.ts";

/** The shape of a message by its full name; `undefined` where nothing in it is secret. */
export type WireShapeSource = (message: string | undefined) => WireShape | undefined;

/** Makes shapes of a committed graph, each when it is first asked for. */
export function wireShapesOf(graph: RpcFile["secrets"], direction: Direction): WireShapeSource {
  const shapes = new Map<string, WireShape>();

  function shapeOf(message: string | undefined): WireShape | undefined {
    const cells = message === undefined ? undefined : graph.get(message);
    if (message === undefined || cells === undefined) return undefined;
    const known = shapes.get(message);
    if (known !== undefined) return known;
    const fields = new Map<number, WireMark | WireShape>();
    // Messages refer to each other in cycles, so a shape is filled after it exists.
    const shape: WireShape = { fields };
    shapes.set(message, shape);
    for (const { number, code } of parseCells(cells)) {
      const found = shapeOfCode(code);
      if (found !== undefined) fields.set(number, found);
    }
    return shape;
  }

  function shapeOfCode(code: string): WireMark | WireShape | undefined {
    const [, inMap] = /^\[(.+)\]$/.exec(code) ?? [];
    if (inMap !== undefined) {
      const value = shapeOfCode(inMap);
      return value && { fields: new Map([[2, value]]) };
    }
    if (code === "@") return { fields: new Map(), ofType };
    const mark = parseMark(code);
    if (mark === undefined) return shapeOf(code);
    return mark.direction === undefined || mark.direction === direction ? mark.kind : undefined;
  }

  /** `type.googleapis.com/google.cloud.run.v2.Service`: what follows the last slash is the full name (any.proto). */
  const ofType = (typeUrl: string): WireShape | undefined =>
    shapeOf(typeUrl.slice(typeUrl.lastIndexOf("/") + 1));

  return shapeOf;
}

export interface NumberedCode {
  readonly number: number;
  readonly code: string;
}

/** Reads `1=! 2=google.rpc.Status 3=[?]`. */
export function parseCells(cells: string): NumberedCode[] {
  return cells.split(" ").map((cell) => {
    const [, number, code] = /^(\d+)=(@|[!#?<>\w.]+|\[(?:@|[!#?<>\w.]+)\])$/.exec(cell) ?? [];
    if (number === undefined || code === undefined) throw new Error(`bad cell: ${cell}`);
    return { number: Number(number), code };
  });
}

const kinds: Readonly<Record<string, WireMark>> = { "!": "strict", "#": "strict_bytes", "?": "bag" };

export interface ParsedMark {
  readonly kind: WireMark;
  /** `undefined` for both. */
  readonly direction: Direction | undefined;
}

/** `undefined` where a code is no mark, but e.g. the name of a message. */
export function parseMark(code: string): ParsedMark | undefined {
  const [, sign = "", only] = /^([!#?])([<>]?)$/.exec(code) ?? [];
  const kind = kinds[sign];
  if (kind === undefined) return undefined;
  return { kind, direction: only === ">" ? "request" : only === "<" ? "answer" : undefined };
}
