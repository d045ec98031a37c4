// What the readers give and everything after them takes: methods and schemas, free of the form they came in.

/** One method of one version of one API. */
export interface Method {
  readonly api: string;
  readonly version: string;
  /** Google's method id, e.g. `secretmanager.projects.secrets.versions.access`. */
  readonly id: string;
  readonly verb: string;
  readonly host: string;
  /** google.api.http syntax, e.g. `/v1/{name=projects/*}:undelete`. */
  readonly template: string;
  /** Other bindings of the same method, which only the protos know: `VERB /template`. */
  readonly moreRoutes?: readonly string[];
  /** Path of the media upload, in the same syntax. */
  readonly uploadTemplate: string | undefined;
  /** Whether the shape of some path variable had to be guessed. */
  readonly isApproximate: boolean;
  readonly requestSchema: string | undefined;
  readonly responseSchema: string | undefined;
  readonly queryParameters: readonly QueryParameter[];
  /** A request as the npm package documents it. */
  readonly example?: ExampleRequest | undefined;
  /** The rest is known from Discovery documents only, and is not emitted. */
  readonly mayDownloadMedia?: true;
  readonly isDeprecated?: true;
  /** Google's prose; some of it names the IAM permissions a caller needs. */
  readonly description?: string | undefined;
}

export interface ExampleRequest {
  readonly target: string;
  /** Relative name of what it is about; "" when the path names nothing. */
  readonly resource: string;
}

export interface QueryParameter {
  readonly name: string;
  readonly isRepeated: boolean;
}

/**
 * The type of a field as far as secrets care: a reference to another schema (also through lists), a map whose values
 * are such, an object written in place, an object of any kind, or something flat. `isBytes` (base64 in JSON) is known from
 * Discovery documents only.
 */
export type FieldType =
  | { readonly kind: "schema"; readonly name: string }
  | { readonly kind: "map"; readonly of: FieldType }
  | { readonly kind: "object"; readonly fields: ReadonlyMap<string, FieldType> }
  | { readonly kind: "any" }
  | { readonly kind: "scalar"; readonly isBytes?: true };

export type Schema = ReadonlyMap<string, FieldType>;

export interface ApiVersion {
  readonly api: string;
  readonly version: string;
  readonly methods: readonly Method[];
  readonly schemas: ReadonlyMap<string, Schema>;
  /** Google's prose on fields that hold strings, by `Schema.field`; fields of objects written in place have none. */
  readonly prose?: ReadonlyMap<string, string> | undefined;
}
