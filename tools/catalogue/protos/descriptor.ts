import { z } from "zod";

// The form protobufjs gives a parsed file in. Checked, because the generator would otherwise believe a new version of
// the library that names things differently and find no secrets.

const options = z.record(z.string(), z.unknown()).optional();

const field = z.object({
  type: z.string(),
  id: z.number().int(),
  rule: z.enum(["repeated", "required", "optional"]).optional(),
  keyType: z.string().optional(),
  options,
});

const method = z.object({
  requestType: z.string(),
  responseType: z.string(),
  requestStream: z.boolean().optional(),
  responseStream: z.boolean().optional(),
  parsedOptions: z.array(z.record(z.string(), z.unknown())).optional(),
});

export interface DescribedScope {
  readonly nested?: Readonly<Record<string, DescribedScope>> | undefined;
  readonly fields?: Readonly<Record<string, DescribedField>> | undefined;
  readonly methods?: Readonly<Record<string, DescribedMethod>> | undefined;
  /** Of an enum. */
  readonly values?: unknown;
  readonly options?: Readonly<Record<string, unknown>> | undefined;
}

/** A package, message, enum or service. */
export const describedScope: z.ZodType<DescribedScope> = z.lazy(() =>
  z.object({
    nested: z.record(z.string(), describedScope).optional(),
    fields: z.record(z.string(), field).optional(),
    methods: z.record(z.string(), method).optional(),
    values: z.unknown().optional(),
    options,
  }),
);

export type DescribedField = z.infer<typeof field>;
export type DescribedMethod = z.infer<typeof method>;

const pattern = {
  get: z.string().optional(),
  put: z.string().optional(),
  post: z.string().optional(),
  delete: z.string().optional(),
  patch: z.string().optional(),
  custom: z.object({ kind: z.string(), path: z.string() }).optional(),
  body: z.string().optional(),
  response_body: z.string().optional(),
};

const additional = z.strictObject(pattern);

/** google.api.HttpRule, less its documentation fields. */
export const httpRule = z.strictObject({
  ...pattern,
  selector: z.string().optional(),
  additional_bindings: z.union([additional, z.array(additional)]).optional(),
});

const routingParameter = z.object({ field: z.string() });

export const routingRule = z.object({
  routing_parameters: z.union([routingParameter, z.array(routingParameter)]).optional(),
});

export const operationInfo = z.object({
  response_type: z.string().optional(),
  metadata_type: z.string().optional(),
});
