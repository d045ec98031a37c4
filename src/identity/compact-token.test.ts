import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { parseCompactToken } from "./compact-token.ts";

const part = (value: unknown): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const token = (header: unknown, claims: unknown = { sub: "a" }): string =>
  `${part(header)}.${part(claims)}.AAAA`;
const sound = token({ alg: "ES256", kid: "k" });

const malformed: readonly (readonly [name: string, text: string])[] = [
  ["an empty text", ""],
  ["two parts", sound.slice(0, sound.lastIndexOf("."))],
  ["four parts", `${sound}.AAAA`],
  ["five parts, an encrypted token", `${sound}.AAAA.AAAA`],
  ["an empty signature", sound.slice(0, sound.lastIndexOf(".") + 1)],
  ["padding", `${sound}=`],
  ["a space", sound.replace(".", " .")],
  ["a line feed at the end", `${sound}\n`],
  ["stray low bits in the last letter", `${sound.slice(0, -1)}B`.replace("AAAB", "AAB")],
  ["plus and slash of the other base64", sound.replace(/.$/, "+")],
  ["JSON serialization", '{"payload":"Zm9v","signatures":[]}'],
  ["a header that is not JSON", token("alg")],
  ["a header that is a list", token([])],
  ["a header without alg", token({ kid: "k" })],
  ["a key id that is not text", token({ alg: "ES256", kid: 7 })],
  ["claims that are not an object", token({ alg: "ES256" }, "null")],
  [
    "claims that are not UTF-8",
    `${part({ alg: "ES256" })}.${Buffer.from([0x22, 0xff, 0x22]).toString("base64url")}.AAAA`,
  ],
  ["claims behind a byte order mark", token({ alg: "ES256" }, '\ufeff{"sub":"a"}')],
  ["crit, even an empty one", token({ alg: "ES256", crit: [] })],
  ["b64: false, the payload unencoded", token({ alg: "ES256", b64: false, crit: ["b64"] })],
  ["a repeated claim", token({ alg: "ES256" }, '{"sub":"victim","sub":"attacker"}')],
  [
    "a claim repeated in another spelling",
    token({ alg: "ES256" }, '{"sub":"victim","\\u0073ub":"attacker"}'),
  ],
  ["a repeated header member", token('{"alg":"ES256","alg":"none"}')],
];

test.each(malformed)("%s is refused", (_name, text) => {
  expect(parseCompactToken(text)).toBeUndefined();
});

test("a token longer than 16 KiB is refused before it is decoded", () => {
  expect(
    parseCompactToken(token({ alg: "ES256" }, { long: "x".repeat(limits.tokenBytesMax) })),
  ).toBeUndefined();
});

test("a key the token brings along is not read", () => {
  const header = {
    alg: "ES256",
    jwk: {},
    jku: "https://evil.example",
    x5u: "https://evil.example",
    x5c: ["AA"],
  };
  expect(parseCompactToken(token(header))?.header).toEqual({ alg: "ES256", kid: undefined, typ: undefined });
});

test("nesting as deep as a token can be is counted without running out of stack", () => {
  const depth = 5_000;
  const claims = `{"deep":${"[".repeat(depth)}${"]".repeat(depth)}}`;
  expect(parseCompactToken(token({ alg: "ES256" }, claims))).toBeDefined();
});

test("names and colons inside of texts are no members", () => {
  const claims = { sub: 'a":"b', list: ['{"sub":1}', { sub: "other object" }] };
  expect(parseCompactToken(token({ alg: "ES256", kid: "k", typ: "JWT" }, claims))).toMatchObject({
    header: { alg: "ES256", kid: "k", typ: "JWT" },
    claims,
  });
});
