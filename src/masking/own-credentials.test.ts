import fc from "fast-check";
import { expect, test } from "vitest";
import { Secret } from "#lib/secret";
import { mask, maskBytes, secretVersion } from "../../test/fakes/mask-text.ts";
import { CredentialEraser } from "./own-credentials.ts";

const token = "ya29.c.c0ASRK0Gd/Canary+7Qp2Lm9Zk4Rt8Wv==_x-1";
const ownCredentials = [new Secret(`Bearer ${token}`)];

const base64At = (offset: number): string =>
  Buffer.concat([Buffer.from("xx".slice(0, offset)), Buffer.from(token), Buffer.from("tail")]).toString(
    "base64",
  );
const written: readonly [string, string][] = [
  ["as it is", token],
  ["as JSON with escaped slashes", token.replaceAll("/", "\\/")],
  ["as JSON for HTML", token.replaceAll("=", "\\u003d").replaceAll("+", "\\u002b")],
  ["percent-encoded", encodeURIComponent(token)],
  [
    "percent-encoded in full, lower case",
    token.replace(/[^A-Za-z0-9]/g, (c) => `%${Buffer.from(c).toString("hex")}`),
  ],
  ["in hex", Buffer.from(token).toString("hex")],
  ["in base64", base64At(0)],
  ["in base64, one byte off", base64At(1)],
  ["in base64, two bytes off", base64At(2)],
  ["in base64url", Buffer.from(token).toString("base64url")],
];

/** The longest piece of the spelling, shorn of what its neighbours decide. */
const core = (spelling: string): string => spelling.slice(6, spelling.length - 12);

test.each(written)(
  "our credential written %s comes back as stars, however it is cut",
  async (_name, spelling) => {
    for (const contentType of ["application/json", "text/plain", undefined]) {
      for (const piece of [1, 2, 17, 10_000]) {
        const text = `{"echo":"Authorization: Bearer ${spelling}","after":1}`;
        const masked = await mask(text, { contentType, ownCredentials }, undefined, piece);
        expect(masked.text).not.toContain(core(spelling));
        expect(masked.text.length).toBe(text.length);
        expect(masked.text.endsWith('","after":1}')).toBe(true);
        expect(masked.findings).toEqual([
          { path: "text", detector: "own_credential", rule: "own_credential" },
        ]);
      }
    }
  },
);

test("two credentials that overlap are both erased to the last byte", async () => {
  const [one, other] = ["aaaabbbbccccdddd", "ccccddddeeeeffff"];
  const change = { contentType: "text/plain", ownCredentials: [new Secret(one), new Secret(other)] };
  for (const piece of [1, 3, 18, 100]) {
    const masked = await mask("<aaaabbbbccccddddeeeeffff>", change, undefined, piece);
    expect(masked.text).toBe(`<${"*".repeat(24)}>`);
  }
});

test("a credential within a masked field leaves no trace of either kind", async () => {
  const text = `{"payload":{"data":"${Buffer.from(token).toString("base64")}"}}`;
  const masked = await mask(text, { shape: secretVersion, ownCredentials });
  expect(masked.text).not.toContain("*");
  expect(masked.findings.map((finding) => finding.detector)).toEqual(["catalogue"]);
});

test("bytes that are no text pass as they are", async () => {
  const bytes = Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919) % 256));
  const eraser = new CredentialEraser(ownCredentials, () => undefined);
  const out = Buffer.concat([
    eraser.write(bytes.subarray(0, 77)),
    eraser.write(bytes.subarray(77)),
    eraser.end(),
  ]);
  expect(out.equals(bytes)).toBe(true);
  expect((await maskBytes(bytes, { contentType: "image/png", ownCredentials })).error).toBeUndefined();
});

test("only what may be the beginning of a credential is kept back, so streams do not stall", () => {
  const eraser = new CredentialEraser(ownCredentials, () => undefined);
  expect(eraser.write(Buffer.from("data: 123\n\n")).toString()).toBe("data: 123\n\n");
  expect(eraser.write(Buffer.from("data: ya29.c")).toString()).toBe("data: ");
  expect(eraser.write(Buffer.from("!")).toString()).toBe("ya29.c!");
});

test("the cut of the chunks never shows in the output", () => {
  const alphabet = fc.array(fc.constantFrom("a", "b", "ab", "aab", "c"), { maxLength: 60 });
  const erase = (text: string, cuts: readonly number[]): string => {
    const eraser = new CredentialEraser(
      ["aabaabaabaab", "abababababab", "bbaabaababab"].map((each) => new Secret(each)),
      () => undefined,
    );
    let from = 0;
    const out: Buffer[] = [];
    for (const cut of [...cuts, text.length]) {
      const to = Math.min(Math.max(cut, from), text.length);
      out.push(eraser.write(Buffer.from(text.slice(from, to))));
      from = to;
    }
    return Buffer.concat([...out, eraser.end()]).toString();
  };
  fc.assert(
    fc.property(alphabet, fc.array(fc.nat(120)), (parts, cuts) => {
      const text = parts.join("").repeat(3);
      expect(
        erase(
          text,
          [...cuts].sort((one, other) => one - other),
        ),
      ).toBe(erase(text, []));
      expect(
        erase(
          text,
          [...text].map((_, index) => index),
        ),
      ).toBe(erase(text, []));
    }),
    { numRuns: 1000 },
  );
});
