import fc from "fast-check";
import { expect, test } from "vitest";
import { operationOf } from "../../../test/fakes/small-catalogue.ts";
import type { Call } from "../operation.ts";
import { Doubt } from "./doubt.ts";
import { refineByBody } from "./index.ts";
import { firstPart } from "./multipart.ts";

const related = "multipart/related; boundary=b";
const read = (text: string, contentType = related) => {
  const { bytes, contentType: type } = firstPart(contentType, Buffer.from(text, "latin1"));
  return { text: Buffer.from(bytes).toString("latin1"), type };
};

// As the clients write them: apitools (gcloud), googleapiclient (bq), Node, Java.
test.each([
  [
    "multipart/related; boundary='===============5042463289940563090=='",
    '--===============5042463289940563090==\nContent-Type: application/json\nMIME-Version: 1.0\n\n{"name": "x"}\n--===============5042463289940563090==\nContent-Type: text/csv\nMIME-Version: 1.0\nContent-Transfer-Encoding: binary\n\na\n--===============5042463289940563090==--\n',
  ],
  [
    'multipart/related; boundary="===============50=="',
    '--===============50==\nContent-Type: application/json\nMIME-Version: 1.0\n\n{"name": "x"}\n--===============50==\nContent-Type: text/csv\n\na\n--===============50==--',
  ],
  [
    "multipart/related; boundary=0b1-c2",
    '--0b1-c2\r\ncontent-type: application/json\r\n\r\n{"name": "x"}\r\n--0b1-c2\r\ncontent-type: text/csv\r\n\r\na\r\n--0b1-c2--',
  ],
  [
    "multipart/related; boundary=__END_OF_PART__",
    '--__END_OF_PART__\r\nContent-Length: 13\r\nContent-Type: application/json; charset=UTF-8\r\ncontent-transfer-encoding: binary\r\n\r\n{"name": "x"}\r\n--__END_OF_PART__\r\n',
  ],
])("the first part of %s is found", (contentType, text) => {
  expect(read(text, contentType).text).toBe('{"name": "x"}');
  expect(read(text, contentType).type).toMatch(/^application\/json/);
});

const plain = "--b\r\nContent-Type: application/json\r\n\r\n{}\r\n--b\r\n";

test.each([
  ["a preamble", `x\r\n${plain}`],
  ["an empty line before it", `\r\n${plain}`],
  ["another boundary first", `--a\r\n\r\n{}\r\n${plain}`],
  ["line ends of two kinds in the head", "--b\r\nContent-Type: application/json\n\n{}\r\n--b\r\n"],
  ["line ends of two kinds at its end", "--b\r\nContent-Type: application/json\r\n\r\n{}\n--b\r\n"],
  ["line ends of two kinds behind it", "--b\r\nContent-Type: application/json\r\n\r\n{}\r\n--b\n"],
  ["a lone carriage return in a header", "--b\nContent-Type: application/json\r\n\n{}\n--b\n"],
  ["white space behind a boundary", plain.replace("--b\r\n", "--b \r\n")],
  ["white space behind the next boundary", plain.replace(/--b\r\n$/, "--b \r\n")],
  ["a longer boundary that is taken for it", plain.replace(/--b\r\n$/, "--bc\r\n\r\n--b\r\n")],
  ["the boundary inside of it", '--b\r\nContent-Type: application/json\r\n\r\n{"a":"--b"}\r\n--b\r\n'],
  ["no second part", plain.replace(/--b\r\n$/, "--b--\r\n")],
  ["no end", "--b\r\nContent-Type: application/json\r\n\r\n{}"],
  ["an end that is cut off", plain.slice(0, -2)],
  ["no head", "--b\r\n{}\r\n--b\r\n"],
  ["no content type", "--b\r\nMIME-Version: 1.0\r\n\r\n{}\r\n--b\r\n"],
  ["no content", "--b\r\nContent-Type: application/json\r\n\r\n\r\n--b\r\n"],
  ["a folded header", "--b\r\nContent-Type: application/json;\r\n charset=utf-16\r\n\r\n{}\r\n--b\r\n"],
  ["a header twice", "--b\r\nContent-Type: application/json\r\nContent-Type: a/b\r\n\r\n{}\r\n--b\r\n"],
  ["an override of the method", plain.replace("\r\n\r\n", "\r\nX-HTTP-Method-Override: DELETE\r\n\r\n")],
  ["a coding", plain.replace("\r\n\r\n", "\r\nContent-Transfer-Encoding: base64\r\n\r\n")],
  ["compression", plain.replace("\r\n\r\n", "\r\nContent-Encoding: gzip\r\n\r\n")],
  ["another length", plain.replace("\r\n\r\n", "\r\nContent-Length: 3\r\n\r\n")],
  ["a space before a colon", plain.replace("Type:", "Type :")],
  ["a head that does not end", `--b\r\nContent-Type: a${" ".repeat(2_000)}a\r\n\r\n{}\r\n--b\r\n`],
  ["nothing at all", ""],
])("a first part with %s is a doubt", (_what, text) => {
  expect(() => read(text)).toThrow(Doubt);
});

test.each([
  undefined,
  "multipart/related",
  "multipart/related; boundary=",
  "multipart/related; boundary=b; start=second",
  "multipart/related; start=second; boundary=b",
  "multipart/related; boundary=a; boundary=b",
  "multipart/related; boundary=b, image/png",
  "multipart/related; boundary*=utf-8''b",
  'multipart/related; boundary="b',
  'multipart/related; boundary="\\b"',
  `multipart/related; boundary=${"b".repeat(71)}`,
  "multipart/mixed; boundary=b",
  "image/png; a=multipart/related; boundary=b",
])("the content type %s is a doubt", (contentType) => {
  expect(() => read(plain, contentType ?? "")).toThrow(Doubt);
});

const media = (id: string, riskClass: "write" | "destructive"): Call => ({
  operation: operationOf(id, { class: riskClass, flags: ["exec", "exfil", "media"] }),
  resource: { name: "b/b", fullName: "", parent: "", type: "x", project: "prod", location: undefined },
  host: "storage.googleapis.com",
  query: new Map([["uploadType", "multipart"]]),
  media: "upload",
});

const judged = (call: Call, bytes: Uint8Array, contentType: string | undefined = related) =>
  refineByBody(call, { contentType, contentEncodings: [], bytes: undefined, beginning: bytes }).operation;
const object = media("storage.objects.insert", "write");
const withPart = (json: string, type = "application/json") =>
  Buffer.from(`--b\r\nContent-Type: ${type}\r\n\r\n${json}\r\n--b\r\nContent-Type: a/b\r\n\r\nbytes`);

test("the metadata before the bytes of an object says who may read them", () => {
  expect(judged(object, withPart('{"name":"x"}')).class).toBe("write");
  expect(judged(object, withPart('{"acl":[{"entity":"allUsers","role":"READER"}]}')).class).toBe(
    "privileged",
  );
  expect(judged(object, withPart('{"acl":[],"acl":[{"entity":"allUsers"}]}')).class).toBe("privileged");
});

test.each([
  ["metadata that is no JSON", withPart("{}", "application/xml"), related],
  [
    "the bytes first",
    Buffer.from(
      "--b\r\nContent-Type: a/b\r\n\r\nx\r\n--b\r\nContent-Type: application/json\r\n\r\n{}\r\n--b--",
    ),
    related,
  ],
  ["metadata in UTF-16", withPart("{}", "application/json; charset=utf-16"), related],
  ["another content type than the query says", withPart("{}"), "application/json"],
  ["no content type", withPart("{}"), undefined],
] as const)("an upload with %s may be for everybody", (_what, bytes, contentType) => {
  const body = { contentType, contentEncodings: [], bytes };
  expect(refineByBody(object, body).operation).toMatchObject({ class: "privileged" });
});

test("an upload that is not multipart by the query but by its content type is read all the same", () => {
  const call = { ...object, query: new Map([["uploadType", "media"]]) };
  expect(judged(call, withPart('{"acl":[{"entity":"allUsers"}]}')).class).toBe("privileged");
  expect(judged(call, Buffer.from("bytes"), "image/png")).toBe(call.operation);
});

test("a load job of BigQuery is judged by its first part, and keeps the worst case where that is odd", () => {
  const call = media("bigquery.jobs.insert", "destructive");
  const load = (more: object) =>
    JSON.stringify({
      configuration: {
        load: { destinationTable: { projectId: "prod", datasetId: "d", tableId: "t" }, ...more },
      },
    });
  expect(judged(call, withPart(load({})))).toMatchObject({ class: "write", flags: ["media"] });
  expect(judged(call, withPart(load({ writeDisposition: "WRITE_TRUNCATE" }))).class).toBe("destructive");
  expect(judged(call, Buffer.from(`x${String(withPart(load({})))}`)).class).toBe("privileged");
});

test("whatever stands in and around the frame, a part that lets everybody in is never passed over", () => {
  const secret = '{"acl":[{"entity":"allUsers"}]}';
  const piece = fc.constantFrom("\r\n", "\n", "\r", " ", "--b", "--", "b", "{}", secret);
  const pieces = fc.array(piece, { maxLength: 4 }).map((parts) => parts.join(""));
  let passed = 0;
  fc.assert(
    fc.property(pieces, pieces, pieces, (before, inside, after) => {
      const text = `${before}--b\r\nContent-Type: application/json\r\n\r\n{}${inside}\r\n--b\r\n${after}`;
      if (judged(object, Buffer.from(text)).class === "privileged") return;
      passed += 1;
      // Who reads leniently takes for the first part what stands between any two boundaries.
      expect(text.slice(0, text.lastIndexOf(after))).not.toContain(secret);
    }),
    { numRuns: 3_000 },
  );
  expect(passed).toBeGreaterThan(100);
});
