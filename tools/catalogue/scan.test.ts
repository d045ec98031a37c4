import { expect, test } from "vitest";
import { identifierOf } from "./identifiers.ts";
import { scanDeclarations } from "./scan-declarations.ts";
import { scanMethods } from "./scan-methods.ts";

// Made-up sources in the form of the package.

const script = `
(function (toy_v1) {
    class Toy {
        constructor(options, google) {
            this.boxes = new Resource$Boxes(this.context);
        }
    }
    class Resource$Boxes {
        constructor(context) {
            this.context = context;
        }
        open(paramsOrCallback, optionsOrCallback, callback) {
            const rootUrl = options.rootUrl || 'https://toy.googleapis.com/';
            const parameters = {
                options: Object.assign({
                    url: (rootUrl +
                        '/v1/{+name}:open').replace(/x/, '$1'),
                    method: 'POST',
                }, options),
                mediaUrl: (rootUrl + '/upload/v1/{+name}:open').replace(/x/, '$1'),
                pathParams: ['name'],
            };
            if (callback) {
                (0, googleapis_common_1.createAPIRequest)(parameters, callback);
            }
        }
    }
})(x);
`;

const declarations = `
export declare namespace toy_v1 {
    interface Schema$Box { inner?: Schema$Box; many?: Array<Schema$Box> | null; rows?: Schema$Box[]; any?: { [key: string]: any; } | null;
        named?: { [key: string]: Schema$Box; } | null; spot?: { deep?: Schema$Box; } | null; text?: string | null; }
    interface Params$Resource$Boxes$Open extends StandardParameters { name?: string; tags?: string[]; requestBody?: Schema$Box; }
    class Resource$Boxes {
        /**
         * Opens a box.
         * @example
         * async function main() {
         *   const res =
         *     await toy.boxes.open({
         *       name:
         *         'projects/my-project/boxes/my-box',
         *     });
         */
        open(params: Params$Resource$Boxes$Open, options: StreamMethodOptions): Promise<GaxiosResponseWithHTTP2<Readable>>;
        open(params?: Params$Resource$Boxes$Open, options?: MethodOptions): Promise<GaxiosResponseWithHTTP2<Schema$Box>>;
    }
}
`;

test("a call the scanner does not understand stops the generator", () => {
  expect(() => scanMethods(script.replace("method: 'POST',", ""), "toy", "v1")).toThrow("no call found");
  expect(() =>
    scanMethods(script.replaceAll("        open(paramsOr", "      open(paramsOr"), "toy", "v1"),
  ).toThrow("1 calls but 0");
  expect(() => scanMethods(script.replace("this.boxes = new", "this.boxes = make"), "toy", "v1")).toThrow(
    "no way leads",
  );
});

test("a method is read with its verb, host, path and upload path", () => {
  expect(scanMethods(script, "toy", "v1")).toEqual([
    {
      id: "toy.boxes.open",
      declaredAs: "Resource$Boxes.open",
      verb: "POST",
      host: "toy.googleapis.com",
      path: "/v1/{+name}:open",
      uploadPath: "/upload/v1/{+name}:open",
    },
  ]);
});

test("a long host stands on a line of its own", () => {
  const long = script.replace("options.rootUrl || 'https", "options.rootUrl ||\n                'https");
  expect(scanMethods(long, "toy", "v1")).toEqual(scanMethods(script, "toy", "v1"));
});

test("the declarations give schemas, parameters and the example", () => {
  const { methods, schemas } = scanDeclarations(declarations, "toy.d.ts");
  const method = methods.get("Resource$Boxes.open");
  expect(method).toMatchObject({ requestSchema: "Box", responseSchema: "Box" });
  expect(method?.parameters).toEqual([
    { name: "name", isRepeated: false },
    { name: "tags", isRepeated: true },
  ]);
  expect(method?.example.get("name")).toBe("projects/my-project/boxes/my-box");
  const box = { kind: "schema", name: "Box" };
  expect(Object.fromEntries(schemas.get("Box") ?? [])).toEqual({
    inner: box,
    many: box,
    rows: box,
    any: { kind: "any" },
    named: { kind: "map", of: box },
    spot: { kind: "object", fields: new Map([["deep", box]]) },
    text: { kind: "scalar" },
  });
});

test.each([
  ["logging", "v2", ["v2", "getSettings"], "logging.getSettings"],
  ["sqladmin", "v1", ["instances", "list"], "sql.instances.list"],
  ["sqladmin", "v1", ["connect", "generateEphemeralCert"], "sql.connect.generateEphemeral"],
  ["storage", "v1", ["operations", "list"], "storage.buckets.operations.list"],
  ["admin", "directory_v1", ["users", "get"], "directory.users.get"],
  ["oauth2", "v2", ["userinfo", "v2", "me", "get"], "oauth2.userinfo.v2.me.get"],
])("%s %s %j is %s to Google", (api, version, chain, id) => {
  expect(identifierOf(api, version, chain)).toBe(id);
});
