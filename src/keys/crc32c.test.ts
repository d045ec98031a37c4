import { expect, test } from "vitest";
import { crc32c } from "./crc32c.ts";

// RFC 3720, appendix B.4, and the check value that every catalogue of CRCs gives.
test.each<[string, Uint8Array, number]>([
  ["123456789", Buffer.from("123456789"), 0xe3069283],
  ["32 zeroes", Buffer.alloc(32), 0x8a9136aa],
  ["32 ones", Buffer.alloc(32, 0xff), 0x62a8ab43],
  ["0 to 31", Buffer.from(Array.from({ length: 32 }, (_, n) => n)), 0x46dd794e],
  ["31 to 0", Buffer.from(Array.from({ length: 32 }, (_, n) => 31 - n)), 0x113fdb5c],
  ["nothing", new Uint8Array(), 0],
])("the checksum of %s is the published one", (_, bytes, expected) => {
  expect(crc32c(bytes)).toBe(expected);
});
