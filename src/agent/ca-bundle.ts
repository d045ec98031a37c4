import { readFileSync } from "node:fs";
import { rootCertificates } from "node:tls";

/** Where systems keep their roots; the first that exists counts. */
const systemFiles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/** What a user behind an inspecting proxy has set so that their tools work at all. */
const additionalVariables = ["NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

/**
 * One PEM text for every client: the roots that count now, and Gatehouse's own authority. Each of our variables
 * replaces the client's roots, so without the first part nothing but Google would work.
 */
export function caBundle(gatewayCaPem: string, environment: NodeJS.ProcessEnv): string {
  const own = environment["SSL_CERT_FILE"];
  const roots = firstCertificates(own === undefined ? systemFiles : [own, ...systemFiles]);
  const additional = additionalVariables.flatMap((name) => readCertificates(environment[name] ?? ""));
  const all = [...roots, ...additional, ...certificatesIn(gatewayCaPem)];
  return `${[...new Set(all)].join("\n")}\n`;
}

function firstCertificates(files: readonly string[]): readonly string[] {
  for (const file of files) {
    const found = readCertificates(file);
    if (found.length > 0) return found;
  }
  return rootCertificates;
}

function readCertificates(file: string): string[] {
  try {
    return file === "" ? [] : certificatesIn(readFileSync(file, "utf8"));
  } catch {
    return [];
  }
}

/** Certificates only: a private key kept in the same file stays where it is. */
function certificatesIn(pem: string): string[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => block.replaceAll("\r\n", "\n"));
}
