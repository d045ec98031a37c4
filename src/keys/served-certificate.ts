import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Clock } from "#lib/clock";
import { GatehouseError, messageOf } from "#lib/errors";
import type { ServedCertificate } from "#lib/served-certificate";

export interface CertificateFiles {
  /** PEM, the listener's own certificate first, then its chain. */
  readonly certificate: string;
  readonly key: string;
}

export interface ReloadableCertificate extends ServedCertificate {
  /** Reads the files again. Throws `certificate_unusable`, and the certificate in force stays in force. */
  reload(): void;
}

/** Throws `certificate_unusable`, naming the file and what is wrong with it. */
export function openServedCertificate(files: CertificateFiles, clock: Clock): ReloadableCertificate {
  const listeners = new Set<() => void>();
  let current = read(files, clock);
  return {
    current: () => current,
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    reload: () => {
      const next = read(files, clock);
      // Two files are replaced one after the other; looking at them twice must not disturb anybody.
      if (next.cert === current.cert && next.key === current.key) return;
      current = next;
      for (const listener of listeners) listener();
    },
  };
}

function read({ certificate, key }: CertificateFiles, clock: Clock): { cert: string; key: string } {
  const cert = textOf(certificate);
  const parsed = parsedBy(() => new X509Certificate(cert), certificate, "is not a PEM certificate");
  const privateKey = parsedBy(() => createPrivateKey(textOf(key)), key, "is not a PEM private key");
  if (!parsed.checkPrivateKey(privateKey)) throw unusable(key, `is not the key of ${certificate}`);
  if (parsed.validToDate <= clock.now())
    throw unusable(certificate, `has expired on ${parsed.validToDate.toISOString()}`);
  return { cert, key: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw unusable(path, `cannot be read: ${messageOf(error)}`);
  }
}

/** OpenSSL's own words may quote the file; ours name it. */
function parsedBy<T>(parse: () => T, path: string, what: string): T {
  try {
    return parse();
  } catch {
    throw unusable(path, what);
  }
}

function unusable(path: string, what: string): GatehouseError {
  return new GatehouseError("certificate_unusable", `${path} ${what}.`);
}
