import { expect, test } from "vitest";
import { isLoopbackHost } from "./loopback.ts";

test.each([
  "127.evil.example",
  "127.0.0.1.evil.example",
  "localhost.evil.example",
  "0.0.0.0",
  "::",
  "[::]",
  "",
  "127.1",
  "::ffff:127.0.0.1",
  "10.0.0.1",
  "LOCALHOST",
])("%s is not taken for this machine", (host) => expect(isLoopbackHost(host)).toBe(false));

test.each(["localhost", "127.0.0.1", "127.0.0.53", "::1", "[::1]"])("%s is this machine", (host) => {
  expect(isLoopbackHost(host)).toBe(true);
});
