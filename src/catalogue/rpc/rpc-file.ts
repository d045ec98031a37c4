import { z } from "zod";
import { parseClass, parseFlag } from "../catalogue-file.ts";
import type { OperationFlag, RiskClass } from "../operation.ts";
import { parseResourceNames } from "./resource-name.ts";

// The form of the files under generated/rpc/, one host each: written by tools/catalogue, read by load.ts.
//
//   a line of JSON: service, slashes, reasons
//   a line per gRPC service: its full name; below it
//   a line per rpc: method, operation id or `-` where the rpc is its own, resource names, then any number of `name=value`
//   an empty line
//   a line per message on the way to secrets: its full name, a tab, `number=code` apart by spaces
//
// What is not understood throws: a cell that is ignored here could be a secret that is not masked.

/** Which side sends more than one message. */
export type Streaming = "client" | "server" | "both";

export interface RpcRow {
  readonly method: string;
  /** Id of the REST operation it is; `undefined` where it goes by its own name, `package.Service/Method`. */
  readonly operation: string | undefined;
  /** Read by `parseResourceNames`. */
  readonly resources: string;
  readonly streaming: Streaming | undefined;
  /** Messages that lead to secrets. */
  readonly request: string | undefined;
  readonly response: string | undefined;
  /** What the catalogue of REST methods does not say, since no REST path leads to it. */
  readonly own: OwnOperation | undefined;
}

export interface OwnOperation {
  readonly class: RiskClass;
  /** Index into `reasons`. */
  readonly why: number;
  readonly flags: readonly OperationFlag[];
  readonly aliases: readonly string[];
}

export interface RpcFile {
  /** Host, e.g. `run.googleapis.com`; `*` for services that every host serves. */
  readonly service: string;
  /** Collections whose ids may hold `%2F`. */
  readonly slashes: readonly string[];
  readonly reasons: readonly string[];
  /** gRPC service → its rpcs. */
  readonly services: ReadonlyMap<string, readonly RpcRow[]>;
  /**
   * Message → `number=code` apart by spaces. A code is `!` strict text, `#` strict bytes or `?` bag, followed by `>` when
   * only in requests or `<` when only in answers; the name of another message; or `@` an object that names its type. In
   * brackets it is that of the values of a map. A name after a mark (`?google.protobuf.Struct`) is a message all of
   * whose text is so marked.
   */
  readonly secrets: ReadonlyMap<string, string>;
}

const head = z.strictObject({
  service: z.string(),
  slashes: z.array(z.string()),
  reasons: z.array(z.string()),
});

export function printRpcFile({ services, secrets, ...about }: RpcFile): string {
  const rows = [...services].flatMap(([name, rpcs]) => [name, ...rpcs.map(printRow)]);
  const messages = [...secrets].map(([name, cells]) => `${name}\t${cells}`);
  return `${[JSON.stringify(about), ...rows, "", ...messages].join("\n").trimEnd()}\n`;
}

function printRow(row: RpcRow): string {
  const cells = [row.method, row.operation ?? "-", row.resources];
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== "") cells.push(`${name}=${value}`);
  };
  add("streams", row.streaming);
  add("request", row.request);
  add("response", row.response);
  add("class", row.own && `${row.own.class},${row.own.why}`);
  add("flags", row.own?.flags.join(","));
  add("aliases", row.own?.aliases.join(","));
  return cells.join("\t");
}

/** Throws on anything `printRpcFile` does not write. */
export function parseRpcFile(text: string): RpcFile {
  const [first = "", ...lines] = text.trimEnd().split("\n");
  const end = lines.indexOf("");
  const about = head.parse(JSON.parse(first));
  const services = new Map<string, RpcRow[]>();
  let rpcs: RpcRow[] | undefined;
  for (const line of end < 0 ? lines : lines.slice(0, end)) {
    if (!line.includes("\t")) {
      if (!/^[\w.]+$/.test(line) || services.has(line)) throw new Error(`bad line: ${line}`);
      rpcs = [];
      services.set(line, rpcs);
    } else {
      if (rpcs === undefined) throw new Error(`no service before: ${line}`);
      rpcs.push(parseRow(line, about.reasons.length));
    }
  }
  return { ...about, services, secrets: new Map(end < 0 ? [] : lines.slice(end + 1).map(parseMessage)) };
}

function parseMessage(line: string): [string, string] {
  const [name = "", cells = "", ...more] = line.split("\t");
  if (!/^[!#?<>\w.]+$/.test(name) || cells === "" || more.length > 0) throw new Error(`bad line: ${line}`);
  return [name, cells];
}

function parseRow(line: string, reasons: number): RpcRow {
  const [method = "", operation = "", resources = "", ...cells] = line.split("\t");
  if (!/^\w+$/.test(method) || operation === "") throw new Error(`bad line: ${line}`);
  parseResourceNames(resources);
  const more = new Map(cells.map((cell) => parseCell(cell, line)));
  if (more.size < cells.length) throw new Error(`a cell is there twice: ${line}`);
  return {
    method,
    operation: operation === "-" ? undefined : operation,
    resources,
    streaming: parseStreaming(more.get("streams")),
    request: more.get("request"),
    response: more.get("response"),
    own: parseOwn(more, reasons),
  };
}

const cellNames: ReadonlySet<string> = new Set([
  "streams",
  "request",
  "response",
  "class",
  "flags",
  "aliases",
]);

function parseCell(cell: string, line: string): [string, string] {
  const equals = cell.indexOf("=");
  const name = cell.slice(0, Math.max(0, equals));
  if (!cellNames.has(name) || equals === cell.length - 1) throw new Error(`bad cell "${cell}": ${line}`);
  return [name, cell.slice(equals + 1)];
}

function parseStreaming(text: string | undefined): Streaming | undefined {
  if (text === undefined || text === "client" || text === "server" || text === "both") return text;
  throw new Error(`nothing streams like "${text}"`);
}

function parseOwn(cells: ReadonlyMap<string, string>, reasons: number): OwnOperation | undefined {
  const verdict = cells.get("class");
  if (verdict === undefined) return undefined;
  const [name = "", index = ""] = verdict.split(",");
  const why = Number(index);
  if (!(why >= 0 && why < reasons)) throw new Error(`there is no reason ${index}`);
  return {
    class: parseClass(name),
    why,
    flags: cells.get("flags")?.split(",").map(parseFlag) ?? [],
    aliases: cells.get("aliases")?.split(",") ?? [],
  };
}
