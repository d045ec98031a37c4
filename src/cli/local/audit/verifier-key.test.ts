import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readText } from "./text-file.ts";
import { parseGivenKey } from "./verifier-key.ts";

test.each(["garbage", tmpdir()])("%s is said to be neither a key nor a file that can be read", (given) => {
  expect(() => parseGivenKey(given)).toThrow(
    `${given} is neither a verifier key (name+8 hex digits+base64) nor a file that can be read.`,
  );
});

test("what only looks like a key is none", () => {
  expect(() => parseGivenKey("gateway.example/audit+00000000+AAAA")).toThrow(/This is not a verifier key/);
});

test("of a file that is not there it is said in words", () => {
  const file = join(tmpdir(), "there-is-no-such-checkpoint");
  expect(() => readText(file)).toThrow(`Cannot read ${file}: there is no such file.`);
  expect(() => readText(tmpdir())).toThrow(`Cannot read ${tmpdir()}: it is a folder.`);
});
