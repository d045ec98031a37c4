import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { matchBody } from "./match-body.ts";

const text = (body: string | Buffer, type = "application/json"): string =>
  Buffer.from(matchBody(Buffer.from(body), type, ["requestId"])).toString();

test("a body of millions of JSON values is not parsed, so that it cannot hold up everybody's calls", () => {
  const large = `{"requestId":1,"values":[${"1,".repeat(limits.matchedJsonBytesMax / 2)}1]}`;
  expect(text(large)).toBe(large);
});

test("a boundary of a letter or two is not replaced, since it may stand between any two bytes", () => {
  expect(text("x-x-x", "multipart/related; boundary=x")).toBe("x-x-x");
});

test("volatile members, the order of members and a random boundary do not count", () => {
  expect(text('{"b":1,"requestId":"one","a":2}')).toBe(text('{"a":2,"requestId":"two","b":1}'));
  const one = text("--=====11==\r\nx", 'multipart/related; boundary="=====11=="');
  expect(one).toBe(text("--=====22==\r\nx", 'multipart/related; boundary="=====22=="'));
});
