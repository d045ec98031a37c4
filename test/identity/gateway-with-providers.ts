import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { configurationSchema } from "#config";
import { type IdentityProvider, startIdentityProvider, type WebSecret } from "#practice/identity-provider";
import { startServer } from "../../src/composition/server.ts";
import { freePort } from "../fakes/port.ts";

export { freePort };

const root = resolve(import.meta.dirname, "../..");

export interface SamlEntry {
  readonly name: string;
  readonly issuer: string;
  readonly sign_in_url: string;
  readonly certificate: string;
}

/**
 * A real Gatehouse with a real OpenID Connect provider, ours for trying out unless `issuer` names another, and the SAML
 * providers of a test.
 */
export interface GatewayWithProviders {
  readonly controlUrl: string;
  readonly provider: IdentityProvider;
  /** Its own folder, with the data folder `data` in it. */
  readonly folder: string;
  /** Another secret where its configuration refers to one. */
  replaceWebSecret(value: string): void;
  close(): Promise<void>;
}

interface Choices {
  readonly isSamlOnly?: boolean;
  /** Another OpenID Connect provider than ours for trying out. */
  readonly issuer?: string;
  /** What the web client proves itself with; a public client without. */
  readonly webSecret?: WebSecret;
}

export async function startGateway(
  saml: readonly SamlEntry[],
  controlPort: number,
  { isSamlOnly = false, issuer, webSecret }: Choices = {},
): Promise<GatewayWithProviders> {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-identity-"));
  const controlUrl = `http://127.0.0.1:${controlPort}`;
  const provider = await startIdentityProvider({
    host: "127.0.0.1",
    port: 0,
    webRedirectUris: [`${controlUrl}/sign-in/callback`],
    webSignedOutUris: [`${controlUrl}/signed-out`],
    webBackChannelUri: `${controlUrl}/sign-in/back-channel-logout`,
    stateFile: join(folder, "provider.json"),
    ...(webSecret === undefined ? {} : { webSecret }),
  });
  const replaceWebSecret = (value: string): void => writeFileSync(join(folder, "web-client"), `${value}\n`);
  if (webSecret !== undefined) replaceWebSecret(webSecret.value);
  const entries = saml.map(({ certificate, ...entry }) => {
    const file = join(folder, `${entry.name}.pem`);
    writeFileSync(file, certificate);
    return { ...entry, certificates: [file], email_attribute: "email" };
  });
  const clients = {
    agent_client: "gatehouse-agent",
    console_client: "gatehouse-console",
    web_client: "gatehouse-web",
    ...(webSecret === undefined ? {} : { web_client_secret: { file: join(folder, "web-client") } }),
  };
  const issuers = [
    issuer === undefined
      ? { issuer: provider.issuer, ...clients, development: true }
      : { issuer, ...clients },
  ];
  const server = await startServer(
    configurationSchema.parse({
      data: join(folder, "data"),
      control: { port: controlPort },
      proxy: { port: 0 },
      identity: {
        issuers: isSamlOnly ? [] : issuers,
        saml: entries,
        roles: {
          "agent-user": ["engineering"],
          approver: ["sre"],
          auditor: ["audit"],
          "policy-admin": ["platform"],
        },
      },
      connections: [{ name: "none", identity: { kind: "none" }, endpoint: "http://127.0.0.1:9" }],
      policies: [join(root, "quick-start/policies")],
    }),
    { isQuiet: true },
  );
  return {
    controlUrl,
    provider,
    folder,
    replaceWebSecret,
    close: async () => {
      await server.close();
      await provider.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
