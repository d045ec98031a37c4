import { expect, test } from "vitest";
import { universe } from "./universe.ts";

const tls = { certificate: "tls.crt", key: "tls.key" };
const refusal = (value: unknown): string => {
  const parsed = universe.safeParse(value);
  return parsed.success ? "accepted" : parsed.error.issues.map(({ message }) => message).join("; ");
};

test("names under our own domain are served over TLS, or behind something that ends it, and that has to be said", () => {
  expect(refusal({ domain: "gw.example.com" })).toContain("needs either tls");
  expect(refusal({ domain: "gw.example.com", tls, tls_ends_in_front: true })).toContain("needs either tls");
  expect(refusal({ domain: "gw.example.com", tls_ends_in_front: true, host: "0.0.0.0" })).toContain(
    "only loopback",
  );
});

test.each(["googleapis.com", "x.googleapis.com", "google.com", "p.goog"])(
  "%s is not a domain of the operator's own",
  (domain) => expect(refusal({ domain, tls })).toContain("of your own"),
);

test.each([
  "com",
  "GW.example.com",
  "*.example.com",
  "gw..example.com",
  "-gw.example.com",
  "gw.example.com.",
  "",
])("%j is no domain", (domain) => expect(refusal({ domain, tls })).not.toBe("accepted"));

test("a certificate on any address, or plain HTTP on loopback, is taken", () => {
  expect(refusal({ domain: "gw.example.com", host: "0.0.0.0", tls })).toBe("accepted");
  expect(universe.parse({ domain: "gw.example.com", tls_ends_in_front: true })).toMatchObject({
    host: "127.0.0.1",
    port: 8443,
    public_port: 443,
  });
});
