import { z } from "zod";

// The form of the files under generated/: written by tools/catalogue, read by load.ts. Parsed strictly, because a
// member that is ignored here could be a secret that is not masked.

const riskClass = z.enum(["read", "write", "destructive", "privileged", "secret_read", "unknown"]);

const operationFlag = z.enum([
  "exec",
  "exfil",
  "inference",
  "long_running",
  "media_upload",
  "media_download",
]);

/** One method of one version. Members that would be empty are left out. */
const operationRow = z.strictObject({
  id: z.string(),
  class: riskClass,
  /** Index into `reasons`. */
  why: z.number().int(),
  /** Verb and path in the syntax of google.api.http, e.g. `POST /v1/{name=projects/*}:undelete`. */
  http: z.string(),
  /** Path of the media upload, same verb. */
  upload: z.string().optional(),
  flags: z.array(operationFlag).optional(),
  aliases: z.array(z.string()).optional(),
  /** Names in `secrets`. */
  request: z.string().optional(),
  response: z.string().optional(),
  volatile: z.array(z.string()).optional(),
  capability: z.string().optional(),
  /** Query parameters that may occur more than once. */
  repeated: z.array(z.string()).optional(),
  /** Query parameter that names the project where the path does not. */
  project: z.string().optional(),
  /** The shape of the path was guessed, on the wide side. */
  approximate: z.literal(true).optional(),
});

type GraphFields = { readonly [field: string]: string | GraphFields };

const graphFields: z.ZodType<GraphFields> = z.lazy(() =>
  z.record(z.string(), z.union([z.string(), graphFields])),
);

export const catalogueFile = z.strictObject({
  api: z.string(),
  version: z.string(),
  /** Host, e.g. `run.googleapis.com`. */
  service: z.string(),
  /** Collections whose ids may hold `%2F`. */
  slashes: z.array(z.string()),
  reasons: z.array(z.string()),
  operations: z.array(operationRow),
  /**
   * Where secrets sit: schema → field → `!` strict, `#` strict and base64, or `?` bag, followed by `>` when only in
   * requests or `<` when only in answers; the name of another schema; `@` an object that names its type; or an object written in place. The
   * field `*` stands for every key of a map.
   */
  secrets: z.record(z.string(), graphFields),
});

export const catalogueManifest = z.strictObject({
  format: z.literal(1),
  /** Packages the files were made from, with their versions. */
  inputs: z.record(z.string(), z.string()),
  files: z.array(
    z.strictObject({
      file: z.string(),
      /** SHA-256 of what was read, and of the file, hex. */
      input: z.string(),
      sha256: z.string(),
      operations: z.number().int(),
    }),
  ),
  counts: z.record(z.string(), z.number().int()),
});

export type CatalogueFile = z.infer<typeof catalogueFile>;
export type CatalogueManifest = z.infer<typeof catalogueManifest>;
export type OperationRow = z.infer<typeof operationRow>;
export type SecretGraph = CatalogueFile["secrets"];
