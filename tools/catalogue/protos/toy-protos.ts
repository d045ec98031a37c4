import type { Method } from "../intermediate.ts";
import type { Protos } from "./declarations.ts";
import { describedScope } from "./descriptor.ts";
import { gatherProtos } from "./read-protos.ts";

// Small protos for tests, in the form the parser gives, so that they need no parser.

const string = { type: "string", id: 1 };
const cloudPlatform = "https://www.googleapis.com/auth/cloud-platform";

/** `google.toy.v1`, a service of two rpcs and what they take and give. */
export function toyProtos(options: { host?: string; scopes?: string; service?: string } = {}): Protos {
  const { host = "toy.googleapis.com", scopes = cloudPlatform, service = "Toys" } = options;
  const scope = describedScope.parse({
    nested: {
      google: {
        nested: {
          toy: {
            nested: {
              v1: { nested: { ...toyMessages, [service]: toyService(host, scopes) } },
              v1beta: { nested: { Toy: { fields: { pass_word: { type: "bytes", id: 7 } } } } },
            },
          },
        },
      },
    },
  });
  const packages = ["google.toy.v1", "google.toy.v1beta"];
  return gatherProtos(packages.map((name) => ({ package: name, scope: only(scope, name) })));
}

function only(scope: ReturnType<typeof describedScope.parse>, name: string): typeof scope {
  const [first = "", ...rest] = name.split(".");
  const inner = scope.nested?.[first];
  if (inner === undefined) return scope;
  return { nested: { [first]: rest.length === 0 ? inner : only(inner, rest.join(".")) } };
}

const toyMessages = {
  Toy: {
    fields: {
      name: string,
      pass_word: { type: "string", id: 2 },
      labels: { type: "string", keyType: "string", id: 3 },
      parts: { type: "Toy", id: 4, rule: "repeated" },
      odd: { type: "string", id: 5, options: { json_name: "odd-name" } },
      detail: { type: "google.protobuf.Any", id: 6 },
    },
  },
  GetToyRequest: {
    fields: { name: string, project_id: { type: "string", id: 2 }, toy_id: { type: "int64", id: 3 } },
  },
  UpdateToyRequest: {
    fields: { toy: { type: "Toy", id: 1 }, update_mask: { type: "google.protobuf.FieldMask", id: 2 } },
  },
};

function toyService(host: string, scopes: string): object {
  const http = (rule: object): object => ({ parsedOptions: [{ "(google.api.http)": rule }] });
  return {
    options: { "(google.api.default_host)": host, "(google.api.oauth_scopes)": scopes },
    methods: {
      GetToy: {
        requestType: "GetToyRequest",
        responseType: "Toy",
        ...http({
          get: "/v1/{name=projects/*/toys/*}",
          additional_bindings: [{ get: "/v1/projects/{project_id}/toys/{toy_id}/old" }],
        }),
      },
      UpdateToy: {
        requestType: "UpdateToyRequest",
        responseType: "Toy",
        ...http({ patch: "/v1/{toy.name=projects/*/toys/*}", body: "toy" }),
      },
      Watch: { requestType: "GetToyRequest", responseType: "Toy", responseStream: true },
    },
  };
}

export function toyMethod(id: string, verb: string, template: string, more: Partial<Method> = {}): Method {
  return {
    api: "toy",
    version: "v1",
    id,
    verb,
    host: "toy.googleapis.com",
    template,
    uploadTemplate: undefined,
    isApproximate: false,
    requestSchema: undefined,
    responseSchema: undefined,
    queryParameters: [],
    ...more,
  };
}
