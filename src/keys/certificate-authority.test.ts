import { execFileSync } from "node:child_process";
import { type X509Certificate as NodeCertificate, webcrypto } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, TLSSocket } from "node:tls";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Clock, systemClock } from "#lib/clock";
import { openCertificateAuthority } from "./certificate-authority.ts";
import "./reflection.ts";
import {
  AuthorityKeyIdentifierExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "gatehouse-ca-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const open = (clock: Clock = systemClock) => openCertificateAuthority({ directory, clock });

test("the CA does not speak for a host outside Google's API names", async () => {
  const authority = await open();
  for (const host of [
    "example.com",
    "googleapis.com.example.com",
    "evilgoogleapis.com",
    "127.0.0.1",
    "*.googleapis.com",
    "a b.googleapis.com",
    "",
  ]) {
    await expect(authority.secureContextFor(host), host).rejects.toMatchObject({ code: "host_not_served" });
  }
});

test("even a stolen CA key makes no certificate for another name or an address that a verifier accepts", async () => {
  const authority = await open();
  for (const name of [
    { type: "dns" as const, value: "accounts.example.com" },
    { type: "ip" as const, value: "127.0.0.1" },
    { type: "ip" as const, value: "::1" },
  ]) {
    const forged = await forge(authority.certificatePem, name);
    expect(opensslVerify(authority.certificatePem, forged), name.value).toMatch(/permitted subtree|excluded/);
  }
  const fine = await forge(authority.certificatePem, { type: "dns", value: "storage.googleapis.com" });
  expect(opensslVerify(authority.certificatePem, fine)).toMatch(/OK/);
});

test("a CA file that other users can read is refused", async () => {
  await open();
  chmodSync(join(directory, "ca.pem"), 0o644);
  await expect(open()).rejects.toMatchObject({ code: "key_file_open_to_others" });
});

test("a broken CA file is refused with a way out, not replaced in silence", async () => {
  writeFileSync(join(directory, "ca.pem"), "nonsense", { mode: 0o600 });
  await expect(open()).rejects.toMatchObject({ code: "ca_unreadable" });
});

test("an expired CA is refused at start", async () => {
  await open();
  const later = new Date(Date.now() + 4000 * 24 * 60 * 60 * 1000);
  await expect(open({ now: () => later, monotonicMs: () => 0 })).rejects.toMatchObject({
    code: "ca_expired",
  });
});

test("the CA is created once, kept 0600, and opened again as the same root", async () => {
  const first = await open();
  const second = await open();
  expect(second.certificatePem).toBe(first.certificatePem);
  expect(first.certificatePem).not.toContain("PRIVATE");
  expect(statSync(join(directory, "ca.pem")).mode & 0o777).toBe(0o600);
});

test("a leaf is verified by openssl for its host, lives a week, and was valid an hour ago", async () => {
  const authority = await open();
  const leaf = await handshake(authority, "us-central1-run.googleapis.com");
  expect(opensslVerify(authority.certificatePem, leaf.toString())).toMatch(/OK/);
  expect(leaf.checkHost("us-central1-run.googleapis.com")).toBeDefined();
  expect(leaf.checkHost("storage.googleapis.com")).toBeUndefined();
  const days = (Date.parse(leaf.validTo) - Date.now()) / 86_400_000;
  expect(days).toBeGreaterThan(6.9);
  expect(days).toBeLessThan(7.1);
  expect(Date.now() - Date.parse(leaf.validFrom)).toBeGreaterThan(59 * 60 * 1000);
});

test("a leaf is minted once per host and again before it ends", async () => {
  let now = new Date();
  const authority = await open({ now: () => now, monotonicMs: () => 0 });
  const first = await authority.secureContextFor("run.googleapis.com");
  expect(await authority.secureContextFor("run.googleapis.com")).toBe(first);
  now = new Date(now.getTime() + 6.5 * 86_400_000);
  expect(await authority.secureContextFor("run.googleapis.com")).not.toBe(first);
});

async function forge(rootPem: string, name: { type: "dns" | "ip"; value: string }): Promise<string> {
  const pem = readFileSync(join(directory, "ca.pem"), "utf8");
  const der = /PRIVATE KEY-----([\s\S]+?)-----END/.exec(pem)?.[1] ?? "";
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  const signingKey = await webcrypto.subtle.importKey("pkcs8", Buffer.from(der, "base64"), curve, false, [
    "sign",
  ]);
  const keys = await webcrypto.subtle.generateKey(curve, true, ["sign", "verify"]);
  const forged = await X509CertificateGenerator.create({
    serialNumber: "0102",
    subject: "CN=forged",
    issuer: new X509Certificate(rootPem).subject,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 60_000),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    extensions: [
      new SubjectAlternativeNameExtension([name]),
      await AuthorityKeyIdentifierExtension.create(new X509Certificate(rootPem)),
    ],
  });
  return forged.toString("pem");
}

function opensslVerify(rootPem: string, leafPem: string): string {
  const root = join(directory, "root.crt");
  const leaf = join(directory, "leaf.crt");
  writeFileSync(root, rootPem);
  writeFileSync(leaf, leafPem);
  try {
    return execFileSync("openssl", ["verify", "-x509_strict", "-CAfile", root, leaf], {
      encoding: "utf8",
      stdio: "pipe",
    });
  } catch (error) {
    return error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
  }
}

async function handshake(
  authority: Awaited<ReturnType<typeof open>>,
  host: string,
): Promise<NodeCertificate> {
  const secureContext = await authority.secureContextFor(host);
  const server = createServer((socket: Socket) => {
    new TLSSocket(socket, { isServer: true, secureContext }).on("error", () => undefined);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host: "127.0.0.1", port, servername: host, ca: authority.certificatePem });
  await new Promise((done, failed) => socket.once("secureConnect", done).once("error", failed));
  const certificate = socket.getPeerX509Certificate();
  socket.destroy();
  server.close();
  if (certificate === undefined) throw new Error("no certificate");
  return certificate;
}
