import { expect, test } from "vitest";
import { asTrusted } from "./trust.ts";

const principal = {
  id: "p",
  issuer: "https://partner.example.com",
  subject: "s",
  email: "Person@Partner.example.com",
  groups: ["sre", "partner-developers"],
};
const everything = { groups: undefined, emailDomains: undefined };

test("a provider does not put its people into groups that it was not trusted with", () => {
  expect(asTrusted(principal, { ...everything, groups: ["partner-developers"] }).groups).toEqual([
    "partner-developers",
  ]);
  expect(asTrusted(principal, { ...everything, groups: [] }).groups).toEqual([]);
});

test("a provider does not vouch for addresses of another domain, however they are spelt", () => {
  const trust = { ...everything, emailDomains: ["partner.example.com"] };
  expect(asTrusted(principal, trust).email).toBe("Person@Partner.example.com");
  for (const email of [
    "boss@example.com",
    "boss@example.com@evil.example",
    "boss@notpartner.example.com",
    "boss@sub.partner.example.com",
    "boss",
  ]) {
    expect(asTrusted({ ...principal, email }, trust).email).toBeUndefined();
  }
  expect(asTrusted({ ...principal, email: undefined }, trust).email).toBeUndefined();
});

test("without a limit a provider is believed about its own people", () => {
  expect(asTrusted(principal, everything)).toEqual(principal);
});
