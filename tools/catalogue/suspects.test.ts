import { expect, test } from "vitest";
import type { SecretField } from "./curated.ts";
import type { ApiVersion } from "./intermediate.ts";
import { scanDeclarations } from "./scan-declarations.ts";
import { buildSecretGraph, findUnseen } from "./secrets.ts";
import { findSuspects } from "./suspects.ts";

const { schemas, prose } = scanDeclarations(
  `
export declare namespace toy_v1 {
    interface Schema$Box {
        /**
         * Required. Input only. The password
         * of the box.
         */
        password?: string | null;
        /** The name of the Secret Manager secret that holds the password. */
        passwordSecret?: string | null;
        /** The token of the next page. */
        nextPageToken?: string | null;
        /** When the password was set. */
        passwordTime?: string | null;
        /** The client secrets of the box. */
        clientSecrets?: string[] | null;
        /** Whether there is a password. */
        hasPassword?: boolean | null;
        /** The colour; no secret. */
        colour?: string | null;
    }
}`,
  "v1.d.ts",
);
const toy: ApiVersion = { api: "toy", version: "v1", methods: [], schemas, prose };

function field(schema: string, path: string, versions = "*"): SecretField {
  return {
    api: "toy",
    versions,
    schema,
    path,
    direction: "both",
    kind: "strict",
    isBytes: false,
    protos: [],
  };
}

test("fields whose name and prose look secret are suggested, with their prose", () => {
  expect(findSuspects(toy, [])).toEqual([
    "toy Box.password: Required. Input only. The password of the box.",
    "toy Box.clientSecrets: The client secrets of the box.",
  ]);
});

test("a listed field is not suggested again, unless it is listed for other versions", () => {
  expect(findSuspects(toy, [field("Box", "password"), field("Box", "clientSecrets", "v2")])).toEqual([
    "toy Box.clientSecrets: The client secrets of the box.",
  ]);
});

test("a field listed for every version that none of them has is reported, once its API is carried", () => {
  const listed = [field("Box", "password"), field("Box", "pasword"), field("Crate", "key", "v1")];
  const { present } = buildSecretGraph(toy, listed);
  expect(findUnseen(listed, new Set(present), new Set(["toy"]))).toEqual([
    "no such field in any version: toy Box.pasword",
  ]);
  expect(findUnseen(listed, new Set(), new Set(["other"]))).toEqual([]);
});
