import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { messageReader } from "./message-resource.ts";
import { parseResourceNames } from "./resource-name.ts";

const none: ReadonlySet<string> = new Set();

function read(bytes: Uint8Array | readonly number[], names = "1"): string | readonly string[] {
  const found = messageReader(parseResourceNames(names), none)(Uint8Array.from(bytes));
  return typeof found === "string" ? found : found.segments;
}

/** The field 1 with the text `a/b`. */
const named = [0x0a, 3, 0x61, 0x2f, 0x62];

test.each([
  ["ends within a tag", [0x8a]],
  ["ends within a length", [0x0a, 0x83]],
  ["ends within a text", [0x0a, 4, 0x61, 0x2f, 0x62]],
  ["ends within a number", [...named, 0x10, 0x80]],
  ["ends within eight bytes", [...named, 0x11, 1, 2, 3]],
  ["ends within four bytes", [...named, 0x15, 1, 2, 3]],
  ["has a field of number zero", [...named, 0x02, 1, 0]],
  ["has a wire type nobody knows", [...named, 0x16, 1]],
  ["begins a group", [...named, 0x13, 0x14]],
  ["ends a group", [...named, 0x14]],
  ["hides the name in a group", [0x0b, ...named, 0x0c]],
  ["spells a tag longer than needed", [0x8a, 0x00, 3, 0x61, 0x2f, 0x62]],
  ["spells a tag that overflows into the name's", [0x8a, 0x80, 0x80, 0x80, 0x10, 3, 0x61, 0x2f, 0x62]],
  ["spells a length longer than needed", [0x0a, 0x83, 0x00, 0x61, 0x2f, 0x62]],
  ["spells a length of more than 32 bits", [0x0a, 0x83, 0x80, 0x80, 0x80, 0x10, 0x61, 0x2f, 0x62]],
  ["spells a length that is negative", [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]],
  ["spells a number longer than needed", [...named, 0x10, 0x81, 0x00]],
  ["spells a number of eleven bytes", [...named, 0x10, ...Array<number>(10).fill(0x80), 0x01]],
  ["spells a number of more than 64 bits", [...named, 0x10, ...Array<number>(9).fill(0xff), 0x02]],
  ["has a number where the name belongs", [0x08, 1]],
  ["has a number and a name of one field", [...named, 0x08, 1]],
])("a message that %s is refused", (_, bytes) => {
  expect(read(bytes)).toEqual(expect.any(String));
});

test("a message with more fields than any request has is refused", () => {
  const fields = Array.from({ length: limits.wireFieldsMax }, () => [0x10, 1]).flat();
  expect(read([...named, ...fields])).toContain("more than");
});

test("what is no part of a name is passed over, whatever it looks like", () => {
  const negative = [0x10, ...Array<number>(9).fill(0xff), 0x01];
  const fixed = [0x19, 0x0a, 3, 0x61, 0x2f, 0x62, 0, 0, 0, 0x25, 0x0a, 3, 0x78, 0x79];
  const within = [0x2a, named.length, ...named.with(2, 0x7a)];
  expect(read([...negative, ...fixed, ...within, ...named])).toEqual(["a", "b"]);
});

test("a whole number is an id, and zero is none", () => {
  const names = "runs/{1=#}";
  expect(read([0x08, 0xac, 0x02], names)).toEqual(["runs", "300"]);
  expect(read([0x08, 0], names)).toBe("it does not name its resource");
  expect(read([0x08, ...Array<number>(9).fill(0xff), 0x01], names)).toEqual(expect.any(String));
});

test("of two names the longer counts if it is whole, and a message may name nothing only where the API says so", () => {
  const names = "services/{1}/configs/{2}|services/{1}|-";
  expect(read(text([1, "s"], [2, "c"]), names)).toEqual(["services", "s", "configs", "c"]);
  expect(read(text([1, "s"]), names)).toEqual(["services", "s"]);
  expect(read([], names)).toEqual([]);
  expect(read(text([2, "c"]), names)).toBe("it names its resource in two ways at once");
  expect(read([], "services/{1}")).toBe("it does not name its resource");
});

test.each(["", "1|", "{1", "{1=x}", "a//b", "{0x1}", "-/1", "projects/{one}", "1.", "a b"])(
  'the committed name "%s" is refused',
  (names) => {
    expect(() => parseResourceNames(names)).toThrow();
  },
);

function text(...fields: readonly (readonly [number, string])[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const [number, value] of fields) writer.tag(number, WireType.LengthDelimited).string(value);
  return writer.finish();
}

const segment = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/);
const name = fc.array(segment, { minLength: 1, maxLength: 8 }).map((parts) => parts.join("/"));

/** A field of any kind that is not number 1, encoded. */
const stranger = fc
  .tuple(
    fc.integer({ min: 2, max: 2 ** 29 - 1 }),
    fc.uint8Array({ maxLength: 40 }),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.nat(3),
  )
  .map(([number, bytes, value, kind]) => {
    const writer = new BinaryWriter();
    if (kind === 0) writer.tag(number, WireType.Varint).uint64(value);
    else if (kind === 1) writer.tag(number, WireType.Bit64).fixed64(value);
    else if (kind === 2) writer.tag(number, WireType.Bit32).fixed32(Number(value & 0xffffffffn));
    else writer.tag(number, WireType.LengthDelimited).bytes(bytes);
    return writer.finish();
  });

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

test("random bytes never throw, and are a name only if field 1 holds it", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const found = read(bytes);
      if (typeof found === "string") return;
      // Whatever was found stands in the message, letter by letter; escapes are not decoded.
      expect(Buffer.from(bytes).toString("latin1").toLowerCase()).toContain(found.join("/").toLowerCase());
    }),
    { numRuns: 2000 },
  );
});

test("the name is found among any other fields, in any order", () => {
  fc.assert(
    fc.property(name, fc.array(stranger), fc.array(stranger), (value, before, after) => {
      expect(read(joined(...before, text([1, value]), ...after))).toEqual(value.split("/"));
    }),
  );
});

test("no other field can give the name", () => {
  fc.assert(
    fc.property(fc.array(stranger), (fields) => {
      expect(read(joined(...fields))).toBe("it does not name its resource");
    }),
  );
});

test("a name that is there twice counts if it is the same one, and is refused if not", () => {
  fc.assert(
    fc.property(name, name, fc.array(stranger), (one, other, between) => {
      const found = read(joined(text([1, one]), ...between, text([1, other])));
      if (one === other) expect(found).toEqual(one.split("/"));
      else expect(found).toBe("it names its resource twice, and differently");
    }),
  );
});

test("a message that is cut off anywhere gives no other name", () => {
  fc.assert(
    fc.property(name, fc.array(stranger), fc.nat(), (value, after, cut) => {
      const whole = joined(text([1, value]), ...after);
      const found = read(whole.subarray(0, cut % whole.length));
      if (typeof found !== "string") expect(found).toEqual(value.split("/"));
    }),
  );
});

test("pieces of a message within a message are put together", () => {
  fc.assert(
    fc.property(name, segment, (parent, id) => {
      const writer = new BinaryWriter();
      for (const piece of [text([1, parent]), text([2, id])])
        writer.tag(3, WireType.LengthDelimited).bytes(piece);
      expect(read(writer.finish(), "{3.1=**}/things/{3.2}")).toEqual([...parent.split("/"), "things", id]);
    }),
  );
});

test("an id that may hold anything keeps all of it, and two ids are never one", () => {
  const ids = fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" });
  fc.assert(
    fc.property(ids, ids, (one, other) => {
      const [first, second] = [one, other].map((id) => read(text([1, id]), "objects/{1=%}"));
      if (typeof first === "string" || typeof second === "string") return;
      expect(decodeURIComponent(first?.[1] ?? "")).toBe(one);
      expect(String(first) === String(second)).toBe(one === other);
    }),
  );
});
