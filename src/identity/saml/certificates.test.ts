import { expect, test } from "vitest";
import { signingKey } from "../../../test/fakes/saml-provider.ts";
import { objectionToCertificate } from "./certificates.ts";

test("a certificate proves SAML messages only with an RSA key that still holds", async () => {
  expect(objectionToCertificate((await signingKey()).certificate)).toBeUndefined();
  expect(objectionToCertificate((await signingKey(1024)).certificate)).toContain("1024 bits");
  expect(objectionToCertificate("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----")).toContain(
    "not a PEM certificate",
  );
});
