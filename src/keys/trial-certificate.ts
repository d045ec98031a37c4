import { randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import type { Clock } from "#lib/clock";
import "./reflection.ts";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

const lifeMs = 90 * 24 * 60 * 60 * 1000;
const curve = { name: "ECDSA", namedCurve: "P-256" };

/**
 * A certificate that vouches for itself, for trying out TLS on one machine: nobody trusts it who was not handed it.
 * `names` are host names and IP addresses, the first one its subject. Valid for 90 days.
 */
export async function createTrialCertificate(
  names: readonly [string, ...string[]],
  clock: Clock,
): Promise<{ readonly certificate: string; readonly key: string }> {
  const keys = await webcrypto.subtle.generateKey(curve, true, ["sign", "verify"]);
  const now = clock.now().getTime();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: `01${randomBytes(15).toString("hex")}`,
    name: `CN=${names[0]}`,
    notBefore: new Date(now - 60_000),
    notAfter: new Date(now + lifeMs),
    keys,
    signingAlgorithm: { ...curve, hash: "SHA-256" },
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? ("dns" as const) : ("ip" as const), value })),
      ),
    ],
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return {
    certificate: `${certificate.toString("pem")}\n`,
    key: `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`,
  };
}
