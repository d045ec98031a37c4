import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installed } from "../clients/installed.ts";
import { signingKey } from "../fakes/saml-provider.ts";
import { freePort } from "./gateway-with-providers.ts";

const home = "/usr/share/simplesamlphp";

/** Whether Debian's SimpleSAMLphp is here; otherwise a printed reason. */
export function isSimpleSamlPhpInstalled(): boolean {
  if (installed("php") === undefined) return false;
  if (existsSync(join(home, "www/saml2/idp/SSOService.php"))) return true;
  process.stdout.write(
    `skipped: SimpleSAMLphp is not installed in ${home} (apt-get install simplesamlphp)\n`,
  );
  return false;
}

export interface SimpleSamlPhp {
  readonly issuer: string;
  readonly signInUrl: string;
  readonly certificate: string;
  close(): Promise<void>;
}

/** SimpleSAMLphp as an identity provider with two people, for one service provider, in a folder of its own. */
export async function startSimpleSamlPhp(serviceProvider: {
  readonly entityId: string;
  readonly consumerUrl: string;
}): Promise<SimpleSamlPhp> {
  const folder = mkdtempSync(join(tmpdir(), "simplesamlphp-"));
  const port = await freePort();
  const key = await signingKey();
  const issuer = `http://127.0.0.1:${port}/saml2/idp/metadata.php`;
  const write = (name: string, content: string): void => writeFileSync(join(folder, name), content);
  for (const name of ["cert", "metadata", "log", "tmp", "sessions"]) mkdirSync(join(folder, name));
  write("cert/idp.pem", key.privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  write("cert/idp.crt", key.certificate);
  write("config.php", configuration(folder, port));
  write("authsources.php", people);
  write("metadata/saml20-idp-hosted.php", hosted(issuer));
  write("metadata/saml20-sp-remote.php", remote(serviceProvider));
  const server = spawn("php", ["-S", `127.0.0.1:${port}`, "-t", join(home, "www")], {
    env: { ...process.env, SIMPLESAMLPHP_CONFIG_DIR: folder },
    stdio: ["ignore", "ignore", "pipe"],
  });
  await untilStarted(server);
  return {
    issuer,
    signInUrl: `http://127.0.0.1:${port}/saml2/idp/SSOService.php`,
    certificate: key.certificate,
    close: async () => {
      const ended = once(server, "exit");
      server.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** PHP's own server says so. */
function untilStarted(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    server.stderr?.on("data", (part: Buffer) => {
      said += part.toString();
      if (said.includes("started")) resolve();
    });
    server.once("exit", () => reject(new Error(`php ended: ${said}`)));
  });
}

function configuration(folder: string, port: number): string {
  return `<?php
$config = [
  'baseurlpath' => 'http://127.0.0.1:${port}/',
  'certdir' => '${folder}/cert/',
  'loggingdir' => '${folder}/log/',
  'datadir' => '${folder}/tmp/',
  'tempdir' => '${folder}/tmp',
  'technicalcontact_name' => 'Test',
  'technicalcontact_email' => 'test@example.com',
  'timezone' => 'UTC',
  'secretsalt' => 'a-salt-for-tests-alone',
  'auth.adminpassword' => 'not-used',
  'logging.handler' => 'file',
  'enable.saml20-idp' => true,
  'module.enable' => ['exampleauth' => true, 'core' => true, 'saml' => true],
  'session.phpsession.savepath' => '${folder}/sessions',
  'session.cookie.secure' => false,
  'store.type' => 'phpsession',
  'metadatadir' => '${folder}/metadata/',
  'metadata.sources' => [['type' => 'flatfile', 'directory' => '${folder}/metadata/']],
];
`;
}

const people = `<?php
$config = [
  'admin' => ['core:AdminPassword'],
  'people' => [
    'exampleauth:UserPass',
    'approver:secret' => ['uid' => ['approver'], 'email' => ['approver@saml.example.com'], 'groups' => ['sre', 'staff']],
    'developer:secret' => ['uid' => ['developer'], 'email' => ['developer@saml.example.com'], 'groups' => ['engineering']],
  ],
];
`;

function hosted(issuer: string): string {
  return `<?php
$metadata['${issuer}'] = [
  'host' => '__DEFAULT__',
  'privatekey' => 'idp.pem',
  'certificate' => 'idp.crt',
  'auth' => 'people',
  'saml20.sign.response' => true,
  'saml20.sign.assertion' => true,
  'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  'authproc' => [3 => ['class' => 'saml:AttributeNameID', 'attribute' => 'uid', 'Format' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent']],
  'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
];
`;
}

function remote({ entityId, consumerUrl }: { entityId: string; consumerUrl: string }): string {
  return `<?php
$metadata['${entityId}'] = [
  'AssertionConsumerService' => '${consumerUrl}',
  'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
];
`;
}
