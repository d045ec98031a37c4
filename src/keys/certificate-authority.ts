import { randomBytes, webcrypto } from "node:crypto";
import { join } from "node:path";
import { createSecureContext, type SecureContext } from "node:tls";
import { LRUCache } from "lru-cache";
import type { Clock } from "#lib/clock";
import { GatehouseError } from "#lib/errors";
import { readOrCreateKeyFile } from "#lib/key-file";
import { limits } from "#lib/limits";
import "./reflection.ts";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { nameConstraints } from "./name-constraints.ts";

/** Gatehouse's own CA. Clients of the data plane trust it; it can speak for Google's API names and for nothing else. */
export interface CertificateAuthority {
  /** The root, to be handed to clients. */
  readonly certificatePem: string;
  /**
   * A short-lived leaf for one host, ready for TLS. Cached and renewed early.
   * Rejects with GatehouseError `host_not_served` outside the domains the CA is constrained to.
   */
  secureContextFor(host: string): Promise<SecureContext>;
}

/** What the CA may speak for. A stolen CA key is worth no other name. */
const servedDomains = ["googleapis.com"];

const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;
/** Clients whose clocks run behind must not see a certificate from the future. */
const backdatedMs = hourMs;
/** Long, because every client's trust store has to be told of a new root by hand. */
const rootLifeMs = 3650 * dayMs;
/** Short, since nothing here publishes revocations. */
const leafLifeMs = 7 * dayMs;
const renewBeforeEndMs = dayMs;

const curve = { name: "ECDSA", namedCurve: "P-256" };
const signing = { name: "ECDSA", hash: "SHA-256" };

/** Opens the CA kept in `directory`, or creates it on first start. Key and certificate share one file, 0600. */
export async function openCertificateAuthority(options: {
  readonly directory: string;
  readonly clock: Clock;
}): Promise<CertificateAuthority> {
  const path = join(options.directory, "ca.pem");
  const pem = await readOrCreateKeyFile(path, () => createRoot(options.clock));
  const root = await parseRoot(pem, path);
  if (root.certificate.notAfter <= options.clock.now()) {
    throw new GatehouseError(
      "ca_expired",
      `The certificate authority in ${path} has expired. Remove the file, restart, and give clients the new root.`,
    );
  }
  return issueFrom(root, options.clock);
}

interface Root {
  readonly certificate: X509Certificate;
  readonly certificatePem: string;
  readonly key: webcrypto.CryptoKey;
}

async function createRoot(clock: Clock): Promise<string> {
  const keys = await newKeys();
  const name = `CN=Gatehouse CA ${randomBytes(4).toString("hex")}`;
  const certificate = await X509CertificateGenerator.create({
    ...identity(clock, rootLifeMs),
    subject: name,
    issuer: name,
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm: signing,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      nameConstraints(servedDomains),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return `${await privatePem(keys.privateKey)}${certificate.toString("pem")}\n`;
}

async function parseRoot(pem: string, path: string): Promise<Root> {
  const key = /-----BEGIN PRIVATE KEY-----([\s\S]+?)-----END PRIVATE KEY-----/.exec(pem)?.[1];
  const certificatePem = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.exec(pem)?.[0];
  if (key === undefined || certificatePem === undefined) {
    throw new GatehouseError(
      "ca_unreadable",
      `${path} must hold one private key and one certificate. Restore it, or remove it to create a new CA.`,
    );
  }
  return {
    certificate: new X509Certificate(certificatePem),
    certificatePem: `${certificatePem}\n`,
    key: await webcrypto.subtle.importKey("pkcs8", Buffer.from(key, "base64"), curve, false, ["sign"]),
  };
}

async function issueFrom(root: Root, clock: Clock): Promise<CertificateAuthority> {
  // One key pair a process, in memory only: its certificates die with it or a few days later.
  const keys = await newKeys();
  const key = await privatePem(keys.privateKey);
  const leaves = new LRUCache<string, { readonly renewAt: number; readonly context: Promise<SecureContext> }>(
    { max: limits.leafCertificatesMax },
  );

  const mint = async (host: string): Promise<SecureContext> => {
    const leaf = await createLeaf(root, { host, publicKey: keys.publicKey, clock });
    return createSecureContext({ key, cert: leaf.toString("pem"), minVersion: "TLSv1.2" });
  };

  return {
    certificatePem: root.certificatePem,
    secureContextFor: async (host) => {
      requireServed(host);
      const now = clock.now().getTime();
      const cached = leaves.get(host);
      if (cached !== undefined && now < cached.renewAt) return cached.context;
      const context = mint(host);
      leaves.set(host, { renewAt: now + leafLifeMs - renewBeforeEndMs, context });
      // A failure must not be served from the cache.
      context.catch(() => leaves.delete(host));
      return context;
    },
  };
}

function requireServed(host: string): void {
  const isName = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9-]{1,63}$/.test(host);
  const isServed = servedDomains.some((domain) => host === domain || host.endsWith(`.${domain}`));
  if (isName && isServed) return;
  throw new GatehouseError("host_not_served", "The certificate authority does not speak for this host.");
}

async function createLeaf(
  root: Root,
  wanted: { readonly host: string; readonly publicKey: webcrypto.CryptoKey; readonly clock: Clock },
): Promise<X509Certificate> {
  const extensions: Extension[] = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension([{ type: "dns", value: wanted.host }]),
    await AuthorityKeyIdentifierExtension.create(root.certificate),
    await SubjectKeyIdentifierExtension.create(wanted.publicKey),
  ];
  return X509CertificateGenerator.create({
    ...identity(wanted.clock, leafLifeMs),
    // X.520 gives common names 64 characters; clients read the alternative name anyway (RFC 9525 section 6.3).
    subject: wanted.host.length <= 64 ? `CN=${wanted.host}` : "CN=Gatehouse",
    issuer: root.certificate.subject,
    publicKey: wanted.publicKey,
    signingKey: root.key,
    signingAlgorithm: signing,
    extensions,
  });
}

function identity(clock: Clock, lifeMs: number): { serialNumber: string; notBefore: Date; notAfter: Date } {
  const now = clock.now().getTime();
  return {
    // 127 random bits: positive, as RFC 5280 section 4.1.2.2 wants, and not to be guessed.
    serialNumber: `01${randomBytes(15).toString("hex")}`,
    notBefore: new Date(now - backdatedMs),
    notAfter: new Date(now + lifeMs),
  };
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(curve, true, ["sign", "verify"]);
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`;
}
