import { z } from "zod";
import type { OperationFlag, Permission, RiskClass } from "./operation.ts";

// The form of the files under generated/rest/, one API version each: written by tools/catalogue, read by load.ts.
//
//   a line of JSON: api, version, service, slashes, reasons
//   a line per method: id, class, index of the reason, `VERB /path`, then any number of `name=value`, separated by tabs
//   an empty line
//   a line per schema that bears secrets: its name, a tab, its fields as JSON
//
// A method a line, so that a change can be read; and quick to cut, since there are tens of thousands.
// What is not understood throws: a member that is ignored here could be a secret that is not masked.

type GraphFields = { readonly [field: string]: string | GraphFields };

/**
 * Where secrets sit: schema → field → `!` strict, `#` strict and base64, or `?` bag, followed by `>` when only in
 * requests or `<` when only in answers; the name of another schema; `@` an object that names its type; or an object
 * written in place. The field `*` stands for every key of a map.
 */
export type SecretGraph = Readonly<Record<string, GraphFields>>;

/** One method of one version. */
export interface OperationRow {
  readonly id: string;
  readonly class: RiskClass;
  /** Index into `reasons`. */
  readonly why: number;
  /**
   * Verbs and paths in the syntax of google.api.http, e.g. `POST /v1/{name=projects/*}:undelete`. The first is the
   * method's own, the others are bindings only the protos know.
   */
  readonly http: readonly string[];
  /** Path of the media upload, same verb. */
  readonly upload?: string | undefined;
  readonly flags: readonly OperationFlag[];
  /** For each flag the index of its reason; -1 where the package tells by itself. */
  readonly flagWhys: readonly number[];
  readonly aliases: readonly string[];
  /** Names in `secrets`. */
  readonly request?: string | undefined;
  readonly response?: string | undefined;
  readonly volatile: readonly string[];
  readonly capability?: string | undefined;
  /** Query parameters that may occur more than once. */
  readonly repeated: readonly string[];
  /** Query parameter that names the project where the path does not. */
  readonly project?: string | undefined;
  readonly permission?: Permission | undefined;
  /** Ids of worse methods of the same version that some of the same paths fit, and nothing says which is meant. */
  readonly rivals: readonly string[];
  /** Whether `alt=media` asks for the bytes themselves. */
  readonly isDownload: boolean;
  /** Whether the shape of the path was guessed, on the wide side. */
  readonly isApproximate: boolean;
}

export interface CatalogueFile {
  readonly api: string;
  readonly version: string;
  /** Host, e.g. `run.googleapis.com`. */
  readonly service: string;
  /** Collections whose ids may hold `%2F`. */
  readonly slashes: readonly string[];
  readonly reasons: readonly string[];
  readonly operations: readonly OperationRow[];
  readonly secrets: SecretGraph;
}

const head = z.strictObject({
  api: z.string(),
  version: z.string(),
  service: z.string(),
  slashes: z.array(z.string()),
  reasons: z.array(z.string()),
});

const graphFields: z.ZodType<GraphFields> = z.lazy(() =>
  z.record(z.string(), z.union([z.string(), graphFields])),
);

export function printCatalogueFile({ operations, secrets, ...about }: CatalogueFile): string {
  const schemas = Object.entries(secrets).map(([name, fields]) => `${name}\t${JSON.stringify(fields)}`);
  return `${[JSON.stringify(about), ...operations.map(printRow), "", ...schemas].join("\n")}\n`;
}

function printRow(row: OperationRow): string {
  const [http = "", ...more] = row.http;
  const cells = [row.id, row.class, String(row.why), http];
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== "") cells.push(`${name}=${value}`);
  };
  for (const each of more) add("also", each);
  add("upload", row.upload);
  add("download", row.isDownload ? "media" : undefined);
  add("flags", row.flags.map((flag, index) => printFlag(flag, row.flagWhys[index] ?? -1)).join(","));
  add("aliases", row.aliases.join(","));
  add("request", row.request);
  add("response", row.response);
  add("volatile", row.volatile.join(","));
  add("capability", row.capability);
  add("repeated", row.repeated.join(","));
  add("project", row.project);
  add(row.permission?.basis ?? "", row.permission?.name);
  add("rivals", row.rivals.join(","));
  add("shape", row.isApproximate ? "guessed" : undefined);
  if (cells.some((cell) => /[\t\n]/.test(cell))) throw new Error(`${row.id} holds a tab or a line end`);
  return cells.join("\t");
}

function printFlag(flag: OperationFlag, why: number): string {
  return why < 0 ? flag : `${flag}:${why}`;
}

/** Throws on anything `printCatalogueFile` does not write. */
export function parseCatalogueFile(text: string): CatalogueFile {
  const [first = "", ...lines] = text.trimEnd().split("\n");
  const end = lines.indexOf("");
  const rows = end < 0 ? lines : lines.slice(0, end);
  const schemas = end < 0 ? [] : lines.slice(end + 1);
  const about = head.parse(JSON.parse(first));
  return {
    ...about,
    operations: rows.map((line) => parseRow(line, about.reasons.length)),
    secrets: Object.fromEntries(schemas.map(parseSchema)),
  };
}

function parseSchema(line: string): [string, GraphFields] {
  const tab = line.indexOf("\t");
  return [line.slice(0, tab), graphFields.parse(JSON.parse(line.slice(tab + 1)))];
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function parseRow(line: string, reasons: number): OperationRow {
  const [id = "", riskClass = "", why = "", http = "", ...cells] = line.split("\t");
  const index = Number(why);
  if (!(index >= 0 && index < reasons) || !/^[A-Z]+ \//.test(http)) throw new Error(`bad line: ${line}`);
  const routes = [http];
  const row: Writable<OperationRow> = {
    id,
    class: parseClass(riskClass),
    why: index,
    http: routes,
    flags: none,
    flagWhys: none,
    aliases: none,
    volatile: none,
    repeated: none,
    rivals: none,
    isDownload: false,
    isApproximate: false,
  };
  for (const cell of cells) {
    const equals = cell.indexOf("=");
    const value = cell.slice(equals + 1);
    if (cell.startsWith("also=")) routes.push(value);
    else readCell(row, cell.slice(0, equals), value);
  }
  return row;
}

const none: readonly never[] = [];

function readCell(row: Writable<OperationRow>, name: string, value: string): void {
  switch (name) {
    case "upload":
    case "request":
    case "response":
    case "capability":
    case "project":
      row[name] = value;
      break;
    case "flags":
      row.flags = value.split(",").map((each) => parseFlag(each.split(":")[0] ?? ""));
      row.flagWhys = value.split(",").map((each) => Number(each.split(":")[1] ?? -1));
      break;
    case "aliases":
    case "volatile":
    case "repeated":
    case "rivals":
      row[name] = value.split(",");
      break;
    case "described":
    case "derived":
      row.permission = { name: value, basis: name };
      break;
    case "download":
      row.isDownload = value === "media";
      break;
    case "shape":
      row.isApproximate = value === "guessed";
      break;
    default:
      throw new Error(`${row.id}: nothing is called "${name}"`);
  }
}

export const riskClasses: readonly RiskClass[] = [
  "read",
  "write",
  "destructive",
  "privileged",
  "secret_read",
];

export function parseClass(text: string): RiskClass {
  const found = riskClasses.find((each) => each === text);
  if (found === undefined) throw new Error(`"${text}" is no class`);
  return found;
}

const operationFlags: readonly OperationFlag[] = ["exec", "exfil", "inference", "long_running", "media"];

export function parseFlag(text: string): OperationFlag {
  const found = operationFlags.find((each) => each === text);
  if (found === undefined) throw new Error(`"${text}" is no flag`);
  return found;
}

export const catalogueManifest = z.strictObject({
  format: z.literal(2),
  /** Packages the files were made from, with their versions. */
  inputs: z.record(z.string(), z.string()),
  files: z.array(
    z.strictObject({
      /** Below generated/. */
      file: z.string(),
      /** Host, e.g. `run.googleapis.com`. */
      service: z.string(),
      /** SHA-256 of what was read, and of the file, hex. */
      input: z.string(),
      sha256: z.string(),
      operations: z.number().int(),
    }),
  ),
  /** What is known of gRPC, a file a host (rpc/rpc-file.ts). */
  rpcFiles: z.array(
    z.strictObject({
      file: z.string(),
      service: z.string(),
      sha256: z.string(),
      rpcs: z.number().int(),
    }),
  ),
  counts: z.record(z.string(), z.number().int()),
});

export type CatalogueManifest = z.infer<typeof catalogueManifest>;
