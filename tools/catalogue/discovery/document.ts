import { z } from "zod";

// The members of a Discovery document that the generator uses; the rest is dropped. The format is described at
// https://developers.google.com/discovery/v1/reference/apis. `parameters` of the document itself (alt, fields, key …)
// hold for every method; they are the gateway's business and are not read here.

export interface JsonShape {
  readonly type?: string | undefined;
  readonly format?: string | undefined;
  readonly $ref?: string | undefined;
  readonly items?: JsonShape | undefined;
  readonly properties?: Readonly<Record<string, JsonShape>> | undefined;
  readonly additionalProperties?: JsonShape | undefined;
}

const jsonShape: z.ZodType<JsonShape> = z.lazy(() =>
  z.object({
    type: z.string().optional(),
    format: z.string().optional(),
    $ref: z.string().optional(),
    items: jsonShape.optional(),
    properties: z.record(z.string(), jsonShape).optional(),
    additionalProperties: jsonShape.optional(),
  }),
);

const parameter = z.object({
  location: z.enum(["path", "query"]),
  /** A regular expression over the whole value. */
  pattern: z.string().optional(),
  repeated: z.boolean().optional(),
});

const method = z.object({
  id: z.string().regex(/^[A-Za-z][\w.-]*$/),
  httpMethod: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]),
  /** Relative to `servicePath`, with `{x}` and `{+x}`. `flatPath` says the same with every `{+x}` spelled out. */
  path: z.string(),
  parameters: z.record(z.string(), parameter).default({}),
  // Some bodies of aiplatform are written in place instead of by name.
  request: z.object({ $ref: z.string().optional() }).optional(),
  response: z.object({ $ref: z.string().optional() }).optional(),
  mediaUpload: z
    .object({ protocols: z.object({ simple: z.object({ path: z.string() }).optional() }) })
    .optional(),
  supportsMediaDownload: z.boolean().optional(),
  deprecated: z.boolean().optional(),
  description: z.string().optional(),
});

export type DocumentMethod = z.infer<typeof method>;
export type DocumentParameters = DocumentMethod["parameters"];

export interface MethodTree {
  readonly methods?: Readonly<Record<string, DocumentMethod>> | undefined;
  readonly resources?: Readonly<Record<string, MethodTree>> | undefined;
}

const methodTree: z.ZodType<MethodTree> = z.lazy(() =>
  z.object({
    methods: z.record(z.string(), method).optional(),
    resources: z.record(z.string(), methodTree).optional(),
  }),
);

export const discoveryDocument = z.object({
  name: z.string(),
  version: z.string(),
  revision: z.string(),
  rootUrl: z.string().regex(/^https:\/\/[\w.-]+\/$/),
  servicePath: z.string(),
  schemas: z.record(z.string(), jsonShape).default({}),
  methods: z.record(z.string(), method).optional(),
  resources: z.record(z.string(), methodTree).optional(),
});

export type DiscoveryDocument = z.infer<typeof discoveryDocument>;
