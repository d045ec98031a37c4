import { X509Certificate } from "node:crypto";
import { messageOf } from "#lib/errors";

/** What is wrong with a certificate that shall prove SAML messages, or `undefined`. RSA only: the library knows no other. */
export function objectionToCertificate(pem: string): string | undefined {
  try {
    const { publicKey } = new X509Certificate(pem);
    if (publicKey.asymmetricKeyType !== "rsa") return "its key is not an RSA key";
    const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
    return bits >= 2048 ? undefined : `its key has ${bits} bits; 2048 are the least that holds`;
  } catch (error) {
    return `it is not a PEM certificate (${messageOf(error)})`;
  }
}
