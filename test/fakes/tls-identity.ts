import { webcrypto } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import "../../src/keys/reflection.ts";
import * as x509 from "@peculiar/x509";

/** A certificate authority and a server's certificate of it, in `folder`; paths of PEM files. */
export interface TlsIdentity {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

export async function tlsIdentity(folder: string, name = "localhost"): Promise<TlsIdentity> {
  const [authority, server] = await Promise.all([newKeys(), newKeys()]);
  const dates = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 86_400_000) };
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    ...dates,
    serialNumber: "01",
    name: "CN=test authority",
    keys: authority,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  });
  const cert = await x509.X509CertificateGenerator.create({
    ...dates,
    serialNumber: "02",
    subject: "CN=receiver",
    issuer: ca.subject,
    publicKey: server.publicKey,
    signingKey: authority.privateKey,
    signingAlgorithm: algorithm,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: name }])],
  });
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", server.privateKey);
  return {
    ca: write(folder, "ca.pem", ca.toString("pem")),
    cert: write(folder, "server.pem", cert.toString("pem")),
    key: write(folder, "server.key", x509.PemConverter.encode(pkcs8, "PRIVATE KEY")),
  };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

function write(folder: string, file: string, pem: string): string {
  const path = join(folder, file);
  writeFileSync(path, `${pem}\n`, { mode: 0o600 });
  return path;
}
