// What the .proto files say, as far as anything here needs it. Names are full names without a leading dot.

export interface ProtoField {
  /** As in the file, e.g. `update_mask`. */
  readonly name: string;
  /** In JSON: lower camel case unless the file says otherwise, e.g. `updateMask`. */
  readonly jsonName: string;
  readonly number: number;
  /** A scalar's name, or the full name of a message or enum; of the values where the field is a map. */
  readonly type: string;
  readonly isScalar: boolean;
  readonly isRepeated: boolean;
  readonly isMap: boolean;
  /** Whether it is annotated with google.api.resource_reference. */
  readonly isReference: boolean;
}

export interface ProtoMessage {
  readonly name: string;
  readonly package: string;
  readonly fields: ReadonlyMap<string, ProtoField>;
}

/** One binding of google.api.http. */
export interface HttpBinding {
  readonly verb: string;
  /** As written; variables may be dotted, e.g. `/v1/{secret.name=projects/*}`. */
  readonly template: string;
  /** Field that is the body, `*` for all that the path does not take, "" for none. */
  readonly body: string;
}

export interface Rpc {
  /** Full name, `package.Service/Method`. */
  readonly name: string;
  readonly method: string;
  readonly request: string;
  readonly response: string;
  readonly streaming: "" | "client" | "server" | "both";
  readonly bindings: readonly HttpBinding[];
  /** Fields that google.api.routing names. */
  readonly routingFields: readonly string[];
  /** Response and metadata of google.longrunning.operation_info. */
  readonly operationTypes: readonly string[];
}

export interface ProtoService {
  readonly name: string;
  readonly package: string;
  /** google.api.default_host; `undefined` where the file names none. */
  readonly host: string | undefined;
  /** google.api.oauth_scopes. */
  readonly scopes: readonly string[];
  readonly rpcs: readonly Rpc[];
}

export interface Protos {
  readonly services: readonly ProtoService[];
  /** By full name. */
  readonly messages: ReadonlyMap<string, ProtoMessage>;
}
