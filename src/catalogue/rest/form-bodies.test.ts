import { expect, test } from "vitest";
import type { RawHeader } from "#lib/headers";
import { loadCatalogue } from "../index.ts";

const catalogue = loadCatalogue();

function post(target: string, headers: readonly RawHeader[]) {
  return catalogue.understand({ method: "POST", host: "storage.googleapis.com", target, headers });
}

const length: RawHeader = ["content-length", "9"];

test.each([
  "application/x-www-form-urlencoded",
  "Application/X-WWW-Form-Urlencoded; charset=utf-8",
  " application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
])("parameters cannot hide in a body of type %s, where nobody judges them", (type) => {
  for (const framing of [length, ["transfer-encoding", "chunked"]] satisfies RawHeader[]) {
    expect(post("/storage/v1/b?project=p", [["Content-Type", type], framing])).toMatchObject({
      kind: "unknown",
      code: "parameter_refused",
    });
  }
});

test("an empty body may be announced as a form, as curl does, and so may the content of an object", () => {
  const form: RawHeader = ["content-type", "application/x-www-form-urlencoded"];
  expect(post("/storage/v1/b?project=p", [form]).kind).toBe("call");
  expect(post("/storage/v1/b?project=p", [form, ["content-length", "0"]]).kind).toBe("call");
  expect(post("/upload/storage/v1/b/bkt/o?name=n&uploadType=media", [form, length]).kind).toBe("call");
});
