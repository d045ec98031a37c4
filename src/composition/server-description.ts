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

/** What `/.well-known/gatehouse` tells helpers and auditors: where to sign in is asked of what is in force. Nothing in it is secret. */
export function describeServer(inForce: () => Configuration, addresses: Addresses): ServerInfo {
  const { universe } = inForce();
  const { controlUrl, proxyUrl, authority, verifierKey } = addresses;
  return {
    product: "gatehouse",
    version: packageVersion(),
    controlUrl,
    proxyUrl,
    ...(universe === undefined ? {} : { universe: { domain: universe.domain, port: universe.public_port } }),
    caCertificatePem: authority.certificatePem,
    get signIn() {
      return signInOf(inForce());
    },
    log: { origin: verifierKey.split("+")[0] ?? "", verifierKey },
  };
}

/** Of the first provider that speaks OpenID Connect: the command line signs in there. */
function signInOf({ identity }: Configuration): ServerInfo["signIn"] {
  const [issuer] = identity.issuers;
  if (issuer === undefined) return { isDevelopment: false };
  return {
    issuer: issuer.issuer,
    agentClientId: issuer.agent_client,
    consoleClientId: issuer.console_client,
    ...(issuer.step_up_acr === undefined ? {} : { acrValues: issuer.step_up_acr }),
    isDevelopment: issuer.development === true,
  };
}

export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "unknown";
}
