import { readFileSync } from "node:fs";
import type { ServerInfo } from "#api";
import type { Configuration } from "#config";
import type { CertificateAuthority } from "#keys";

export interface Addresses {
  readonly controlUrl: string;
  readonly proxyUrl: string;
  readonly authority: Pick<CertificateAuthority, "certificatePem">;
  readonly verifierKey: string;
}

/** What `/.well-known/gatehouse` tells helpers and auditors. Nothing in it is secret. */
export function describeServer({ identity, universe }: Configuration, addresses: Addresses): ServerInfo {
  const [issuer] = identity.issuers;
  const { controlUrl, proxyUrl, authority, verifierKey } = addresses;
  return {
    product: "gatehouse",
    version: packageVersion(),
    controlUrl,
    proxyUrl,
    ...(universe === undefined ? {} : { universe: { domain: universe.domain, port: universe.public_port } }),
    caCertificatePem: authority.certificatePem,
    signIn: {
      ...(issuer === undefined
        ? {}
        : {
            issuer: issuer.issuer,
            agentClientId: issuer.agent_client,
            consoleClientId: issuer.console_client,
            ...(issuer.step_up_acr === undefined ? {} : { acrValues: issuer.step_up_acr }),
          }),
      isDevelopment: issuer?.development === true,
    },
    log: { origin: verifierKey.split("+")[0] ?? "", verifierKey },
  };
}

export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "unknown";
}
