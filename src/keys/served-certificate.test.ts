import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "#lib/clock";
import { openServedCertificate } from "./served-certificate.ts";
import { createTrialCertificate } from "./trial-certificate.ts";

let folder: string;
const files = () => ({ certificate: join(folder, "tls.crt"), key: join(folder, "tls.key") });
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-tls-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function write(): Promise<void> {
  const { certificate, key } = await createTrialCertificate(["localhost", "127.0.0.1"], systemClock);
  writeFileSync(files().certificate, certificate);
  writeFileSync(files().key, key);
}

test("a trial certificate names its hosts and addresses, and vouches for nobody else", async () => {
  await write();
  const certificate = new X509Certificate(openServedCertificate(files(), systemClock).current().cert);
  expect(certificate.subjectAltName).toBe("DNS:localhost, IP Address:127.0.0.1");
  expect(certificate.ca).toBe(false);
  expect(certificate.checkHost("localhost")).toBe("localhost");
});

test("a certificate that was replaced is told of once; looking again disturbs nobody", async () => {
  await write();
  const served = openServedCertificate(files(), systemClock);
  const before = served.current();
  let told = 0;
  const forget = served.onChange(() => {
    told += 1;
  });
  served.reload();
  expect(told).toBe(0);
  await write();
  served.reload();
  expect(told).toBe(1);
  expect(served.current().cert).not.toBe(before.cert);
  forget();
  await write();
  served.reload();
  expect(told).toBe(1);
});

test("a half replaced pair is refused, and the old one stays in force", async () => {
  await write();
  const served = openServedCertificate(files(), systemClock);
  const before = served.current();
  const { certificate } = await createTrialCertificate(["localhost"], systemClock);
  writeFileSync(files().certificate, certificate);
  expect(() => served.reload()).toThrow("is not the key of");
  expect(served.current()).toBe(before);
});

test("what is no certificate, no key, missing or expired is refused by name, without quoting it", async () => {
  expect(() => openServedCertificate(files(), systemClock)).toThrow("tls.crt cannot be read");
  await write();
  writeFileSync(files().key, "canary");
  expect(() => openServedCertificate(files(), systemClock)).toThrow(/^(?!.*canary).*tls\.key is not a PEM/);
  await write();
  const later = { ...systemClock, now: () => new Date(Date.now() + 91 * 86_400_000) };
  expect(() => openServedCertificate(files(), later)).toThrow("has expired");
});
