import { expect, test } from "vitest";
import type { OutgoingRequest } from "./guarded-fetch.ts";
import { libraryFetch, libraryReason } from "./oidc-library.ts";

test("the library's requests leave with what it said, our headers over its own, and no body but a form", async () => {
  const sent: [string, OutgoingRequest][] = [];
  const fetch = libraryFetch(
    async (url, request) => {
      sent.push([url, request]);
      return new Response("{}");
    },
    { accept: "application/json" },
  );
  const form = new URLSearchParams({ code: "c" });
  const headers = { accept: "application/jwt", authorization: "Basic x" };
  await fetch("https://id.example/token", { method: "POST", headers, body: form, redirect: "manual" });
  await fetch("https://id.example/token", { method: "POST", headers, body: "smuggled", redirect: "manual" });
  const asSent = { method: "POST", headers: { ...headers, accept: "application/json" }, signal: undefined };
  expect(sent).toEqual([
    ["https://id.example/token", { ...asSent, body: form }],
    ["https://id.example/token", { ...asSent, body: null }],
  ]);
});

test("what went wrong is told with its cause", () => {
  expect(libraryReason(new Error("outer", { cause: new Error("inner") }))).toBe("outer: inner");
  expect(libraryReason("text")).toBe("text");
});
