import fc from "fast-check";
import { expect, test } from "vitest";
import type { RawHeader } from "#lib/headers";
import { handsOutTokens, sampleRequests } from "../../../test/fakes/sample-requests.ts";
import { type CallLine, loadCatalogue, type Understanding } from "../index.ts";

const catalogue = loadCatalogue();

/** One honest request for each method, and the XML forms of Cloud Storage. */
const honest: readonly CallLine[] = [
  ...sampleRequests().filter(({ id }) => !handsOutTokens(id)),
  ...["GET", "PUT", "DELETE", "HEAD"].flatMap((method) =>
    ["/bkt", "/bkt/obj.txt", "/bkt/dir/acl/obj"].map((target) => ({
      method,
      host: "storage.googleapis.com",
      target,
      headers: [],
    })),
  ),
  { method: "PUT", host: "bkt.storage.googleapis.com", target: "/dir/obj?acl", headers: [] },
  {
    method: "PUT",
    host: "storage.googleapis.com",
    target: "/bkt/obj",
    headers: [["x-goog-copy-source", "a/b"]],
  },
];

const order = ["read", "write", "destructive", "privileged", "secret_read"];

/** Refusals and capabilities nobody issued are as bad as can be. */
function badness(result: Understanding): number {
  return result.kind === "call" ? order.indexOf(result.call.operation.class) : order.length;
}

/** `/s-torage/v1/…` is no trick but an object in the bucket `s-torage`. */
function namesAnotherBucket(original: CallLine, tricked: CallLine): boolean {
  const [before, after] = [original, tricked].map(({ target }) => /^\/([^/?]*)/.exec(target)?.[1] ?? "");
  return original.host === "storage.googleapis.com" && before !== after && /^[a-z0-9_.-]+$/.test(after ?? "");
}

function expectNoBetter(original: CallLine, tricked: CallLine): void {
  if (namesAnotherBucket(original, tricked)) return;
  const before = catalogue.understand(original);
  const after = catalogue.understand(tricked);
  expect(before.kind, original.target).toBe("call");
  expect(badness(after), `${tricked.method} ${tricked.target}`).toBeGreaterThanOrEqual(badness(before));
}

const call = fc.constantFrom(...honest);
const place = fc.nat({ max: 200 });
const runs = { numRuns: 4_000 };

function splice(text: string, at: number, length: number, replacement: string): string {
  return text.slice(0, at) + replacement + text.slice(at + length);
}

function pathLength(line: CallLine): number {
  return line.target.split("?")[0]?.length ?? 0;
}

const escapes: readonly ((character: string) => string)[] = [
  (character) => `%${hex(character)}`,
  (character) => `%${hex(character).toLowerCase()}`,
  (character) => `%25${hex(character)}`,
  (character) => `%2525${hex(character)}`,
  (character) => `%c0%${hex(character)}`,
  (character) => `%u00${hex(character)}`,
];

function hex(character: string): string {
  return character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
}

test("escaping any characters of a path never makes a call look better", () => {
  fc.assert(
    fc.property(
      call,
      fc.array(place, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(...escapes),
      (line, places, encode) => {
        const at = new Set(places.map((each) => 1 + (each % Math.max(1, pathLength(line) - 1))));
        const target = [...line.target].map((each, index) => (at.has(index) ? encode(each) : each)).join("");
        expectNoBetter(line, { ...line, target });
      },
    ),
    runs,
  );
});

test("escaping every separator of a path never makes a call look better", () => {
  const separators = fc.constantFrom(
    ["/", "%2F"],
    ["/", "%2f"],
    [":", "%3A"],
    [":", "%3a"],
    ["/", "%252F"],
    [":", "%253A"],
  );
  fc.assert(
    fc.property(call, separators, place, (line, [from = "", to = ""], start) => {
      const first = start % line.target.length;
      const target = line.target.slice(0, first + 1) + line.target.slice(first + 1).replaceAll(from, to);
      expectNoBetter(line, { ...line, target });
    }),
    runs,
  );
});

test("nothing put into a path makes a call look better: doubled slashes, dots, parameters, controls, backslashes", () => {
  const intruders = fc.constantFrom(
    "/",
    "//",
    "/.",
    "/./",
    "/..",
    "/../",
    "/x/../",
    "/%2e/",
    "/%2e%2e/",
    "/.%2E/",
    "/x/%2e%2e/",
    "/%2e%2e%2f",
    "..;/",
    ";a=b",
    ";",
    "%3b",
    "\\",
    "%5c",
    "/\\",
    "%00",
    "%0a",
    "%0d%0a",
    "%09",
    "\t",
    " ",
    "%20",
    "\u0000",
    "\u00e9",
    "%c3%a9",
    "%ff",
    "%",
    "%2",
    "#",
    "#x",
    "%23",
    ":",
    "%3A",
    "%3a",
    ":x",
    ":get",
    ":list",
    "*",
    "**",
    "-",
    "{x}",
    "%7Bx%7D",
    "$",
    "@",
  );
  fc.assert(
    fc.property(call, place, intruders, (line, at, intruder) => {
      const target = splice(line.target, at % (pathLength(line) + 1), 0, intruder);
      expectNoBetter(line, { ...line, target });
    }),
    { numRuns: 8_000 },
  );
});

test("changing the case of a path never makes a call look better", () => {
  fc.assert(
    fc.property(call, place, fc.integer({ min: 1, max: 30 }), (line, start, length) => {
      const at = start % line.target.length;
      const part = line.target.slice(at, at + length);
      const flipped = part === part.toLowerCase() ? part.toUpperCase() : part.toLowerCase();
      expectNoBetter(line, { ...line, target: splice(line.target, at, length, flipped) });
    }),
    runs,
  );
});

test("no query parameter makes a call look better, however it is spelled", () => {
  const names = fc.constantFrom(
    "alt",
    "$alt",
    "%24alt",
    "Alt",
    "a%6ct",
    "$httpMethod",
    "%24httpMethod",
    "httpMethod",
    "_method",
    "X-HTTP-Method-Override",
    "$httpHeaders",
    "$req",
    "access_token",
    "%61ccess_token",
    "accessToken",
    "oauth_token",
    "key",
    "k%65y",
    "callback",
    "upload_id",
    "fields",
    "uploadType",
    "upload_protocol",
    "gatehouse_handle",
    "acl",
    "compose",
    "uploads",
    "uploadId",
    "delete",
    "versions",
    "generation",
    "X-Goog-Signature",
    "Signature",
    "requestId",
    "$.xgafv",
    "",
  );
  const values = fc.constantFrom(
    "",
    "json",
    "proto",
    "media",
    "sse",
    "GET",
    "1",
    "resumable",
    "%",
    "%ff",
    "a%0ab",
  );
  fc.assert(
    fc.property(call, fc.array(fc.tuple(names, values), { minLength: 1, maxLength: 3 }), (line, pairs) => {
      const query = pairs.map(([name, value]) => `${name}=${value}`).join("&");
      const target = `${line.target}${line.target.includes("?") ? "&" : "?"}${query}`;
      expectNoBetter(line, { ...line, target });
    }),
    { numRuns: 8_000 },
  );
});

test("no method answers in protobuf, where nobody would look for secrets", () => {
  for (const line of honest) {
    for (const alt of ["alt=proto", "$alt=proto", "%24alt=proto", "alt=PROTO", "alt=json&alt=proto"]) {
      const target = `${line.target}${line.target.includes("?") ? "&" : "?"}${alt}`;
      expect(catalogue.understand({ ...line, target }).kind, target).toBe("unknown");
    }
  }
});

test("a verb nobody knows never makes a call look better, behind wildcards either", () => {
  const verbs = fc.constantFrom("acces", "Access", "setIamPolicyy", "drain2", "undo", "x", "get", "ACCESS");
  const colons = fc.constantFrom(":", "%3A", "%3a", "%253A");
  fc.assert(
    fc.property(call, verbs, colons, (line, verb, colon) => {
      if (line.target.includes("?")) return;
      expectNoBetter(line, { ...line, target: `${line.target}${colon}${verb}` });
    }),
    runs,
  );
});

test("no header makes a call look better: every method override is refused", () => {
  const names = [
    "X-HTTP-Method-Override",
    "x-http-method",
    "X-METHOD-OVERRIDE",
    "X_HTTP_Method_Override",
    "x-http_method-override",
  ];
  fc.assert(
    fc.property(
      call,
      fc.constantFrom(...names),
      fc.constantFrom("GET", "POST", "get", ""),
      (line, name, value) => {
        const header: RawHeader = [name, value];
        const result = catalogue.understand({ ...line, headers: [...line.headers, header] });
        expect(result).toMatchObject({ kind: "unknown", code: "override_refused" });
      },
    ),
    { numRuns: 500 },
  );
});

test("no other spelling of the method makes a call look better", () => {
  const spellings = fc.constantFrom(
    "get",
    "Get",
    "GET ",
    " GET",
    "GET\t",
    "HEAD",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "",
  );
  fc.assert(
    fc.property(call, spellings, (line, method) => {
      const isXml = line.host.endsWith("storage.googleapis.com") && !line.target.startsWith("/storage/");
      if (isXml) return;
      expect(catalogue.understand({ ...line, method }).kind).toBe("unknown");
    }),
    { numRuns: 500 },
  );
});

test("the same method with escapes that change nothing names the same resource", () => {
  fc.assert(
    fc.property(call, place, (line, at) => {
      const index = 1 + (at % Math.max(1, pathLength(line) - 1));
      const character = line.target[index] ?? "";
      if (!/[a-z0-9]/.test(character)) return;
      const before = catalogue.understand(line);
      const after = catalogue.understand({
        ...line,
        target: splice(line.target, index, 1, `%${hex(character)}`),
      });
      if (after.kind !== "call" || before.kind !== "call") return;
      expect(after.call.operation.id).toBe(before.call.operation.id);
      expect(after.call.resource).toEqual(before.call.resource);
    }),
    runs,
  );
});

test("an object's name that spells another method's path is refused, not taken for the milder call", () => {
  const line = { method: "PUT", host: "storage.googleapis.com", headers: [] };
  expect(catalogue.understand({ ...line, target: "/storage/v1/b/bkt/o/x%2Facl%2FallUsers" })).toMatchObject({
    kind: "unknown",
    code: "ambiguous_path",
  });
  expect(catalogue.understand({ ...line, target: "/storage/v1/b/bkt/o/x%2Fy" }).kind).toBe("call");
});

test("a slash may hide in the ids that hold paths, and nowhere else", () => {
  const read = (host: string, target: string) =>
    catalogue.understand({ method: "GET", host, target, headers: [] });
  expect(read("iam.googleapis.com", "/v1/projects/p/serviceAccounts/a%2Fkeys%2Fk")).toMatchObject({
    code: "ambiguous_path",
  });
  expect(read("storage.googleapis.com", "/storage/v1/b/bkt%2Fo%2Fx")).toMatchObject({
    code: "ambiguous_path",
  });
  expect(read("storage.googleapis.com", "/storage/v1/b/bkt/o/x%2F..%2F..%2Fother")).toMatchObject({
    code: "ambiguous_path",
  });
  expect(read("storage.googleapis.com", "/storage/v1/b/bkt/o/a%2Fb").kind).toBe("call");
});

test("an id that holds a colon before a verb could be two verbs, and is refused but for a domain's project", () => {
  const post = (host: string, target: string) =>
    catalogue.understand({ method: "POST", host, target, headers: [] });
  expect(post("iam.googleapis.com", "/v1/locations/l/workforcePools/w:set:getIamPolicy").kind).toBe(
    "unknown",
  );
  expect(post("iam.googleapis.com", "/v1/locations/l/workforcePools/w%3Aset:getIamPolicy").kind).toBe(
    "unknown",
  );
  expect(
    post("cloudresourcemanager.googleapis.com", "/v1/projects/example.com:legacy:getIamPolicy"),
  ).toMatchObject({ call: { resource: { project: "example.com:legacy" } } });
});

test("a word that may follow many segments is not swallowed by them in disguise", () => {
  const schema = "/v1/projects/p/locations/l/schemaRegistries/r/schemas/a/b";
  const get = (target: string) =>
    catalogue.understand({ method: "GET", host: "managedkafka.googleapis.com", target, headers: [] });
  expect(get(`${schema}/schema`)).toMatchObject({
    call: { operation: { id: "managedkafka.projects.locations.schemaRegistries.schemas.getSchema" } },
  });
  expect(get(`${schema}/%73chema`)).toMatchObject({ kind: "unknown", code: "ambiguous_path" });
});

test("a path of ten thousand segments is refused in a moment", () => {
  const target = `/v1/${"x/".repeat(4_000)}y`;
  const result = catalogue.understand({ method: "GET", host: "run.googleapis.com", target, headers: [] });
  expect(result).toMatchObject({ code: "ambiguous_path" });
});

test("a path that fits two methods, none before the other, is the worse of them", () => {
  const blocks = "/compute/v1/projects/p/zones/z/reservations/x/reservationBlocks/y/reservationSubBlocks";
  const read = (target: string) =>
    catalogue.understand({ method: "POST", host: "compute.googleapis.com", target, headers: [] });
  expect(read(`${blocks}/reservationSubBlocks/reservationSlots/setIamPolicy`)).toMatchObject({
    call: { operation: { id: "compute.reservationSubBlocks.setIamPolicy", class: "privileged" } },
  });
  expect(read(`${blocks}/z/reservationSlots/s`)).toMatchObject({
    call: { operation: { id: "compute.reservationSlots.update", class: "write" } },
  });
});
