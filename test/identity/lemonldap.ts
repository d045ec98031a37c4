import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { installed } from "../clients/installed.ts";
import { signingKey } from "../fakes/saml-provider.ts";
import { freePort } from "./gateway-with-providers.ts";

const portal = "/usr/share/lemonldap-ng/portal/htdocs/index.psgi";
/** What its OpenID Connect and SAML sides load, and its package only recommends, suggests or does not name. */
const modules = ["IO::String", "Lasso", "String::Random", "XML::Simple"];
const packages =
  "lemonldap-ng-uwsgi-app liblemonldap-ng-portal-perl libio-string-perl libstring-random-perl liblasso-perl libxml-simple-perl";

/** Whether Debian's LemonLDAP::NG is here; otherwise a printed reason. */
export function isLemonLdapInstalled(): boolean {
  if (installed("plackup") !== undefined && existsSync(portal) && hasModules()) return true;
  process.stdout.write(`skipped: LemonLDAP::NG is not installed (apt-get install ${packages})\n`);
  return false;
}

function hasModules(): boolean {
  return spawnSync("perl", [...modules.map((each) => `-M${each}`), "-e1"], { stdio: "ignore" }).status === 0;
}

export interface LemonLdap {
  readonly issuer: string;
  /** What the configuration of a Gatehouse says of its SAML side. */
  readonly saml: { readonly issuer: string; readonly sign_in_url: string; readonly certificate: string };
  /** Makes every sign-in that it remembers that much older. */
  age(seconds: number): void;
  close(): Promise<void>;
}

/**
 * LemonLDAP::NG as an OpenID Connect and as a SAML provider (`lemon`) for a Gatehouse at `controlUrl`, in a folder of its own. Its people are those
 * of its demonstration, each with their name as password: `dwho`, `msmith`, `rtyler`. The web client
 * is a confidential one where it has a secret.
 */
export async function startLemonLdap(controlUrl: string, webSecret?: string): Promise<LemonLdap> {
  const folder = mkdtempSync(join(tmpdir(), "lemonldap-"));
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  for (const name of ["conf", ...locks]) mkdirSync(join(folder, name), { recursive: true });
  const key = await signingKey();
  const settings = {
    ...general(issuer),
    ...storage(folder),
    ...people,
    ...openIdConnect(issuer, controlUrl, webSecret),
    ...saml(key, controlUrl),
  };
  writeFileSync(join(folder, "conf/lmConf-1.json"), JSON.stringify(settings));
  writeFileSync(join(folder, "lemonldap-ng.ini"), whereToLook(folder));
  // Only its development environment says when it listens; the layers for developers are left out.
  const listening = [
    "-E",
    "development",
    "--no-default-middleware",
    "--host",
    "127.0.0.1",
    "--port",
    `${port}`,
  ];
  const server = spawn("plackup", [...listening, portal], {
    env: { ...process.env, LLNG_DEFAULTCONFFILE: join(folder, "lemonldap-ng.ini") },
    stdio: ["ignore", "ignore", "pipe"],
  });
  await untilStarted(server);
  return {
    issuer,
    saml: {
      issuer: `${issuer}/saml/metadata`,
      sign_in_url: `${issuer}/saml/singleSignOn`,
      certificate: key.certificate,
    },
    age: (seconds) => ageSessions(join(folder, "sessions"), seconds),
    close: async () => {
      const ended = once(server, "exit");
      server.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const locks = ["sessions/lock", "psessions/lock"];

function whereToLook(folder: string): string {
  return `[all]
logger = Lemonldap::NG::Common::Logger::Std
userLogger = Lemonldap::NG::Common::Logger::Std
logLevel = warn
[configuration]
type = File
dirName = ${folder}/conf
localStorage = Cache::FileCache
localStorageOptions = { 'namespace' => 'configuration', 'cache_root' => '${folder}/cache' }
[portal]
staticPrefix = /static
templateDir = /usr/share/lemonldap-ng/portal/templates
languages = en
`;
}

function general(issuer: string): object {
  return {
    cfgNum: 1,
    cfgDate: 1,
    portal: `${issuer}/`,
    domain: "127.0.0.1",
    securedCookie: 0,
    locationRules: { "127.0.0.1": { default: "accept" } },
  };
}

/** No caches: a session that was made older counts as such at once. */
function storage(folder: string): object {
  const directory = (name: string): object => ({
    Directory: join(folder, name),
    LockDirectory: join(folder, name, "lock"),
  });
  return {
    globalStorage: "Apache::Session::File",
    globalStorageOptions: directory("sessions"),
    persistentStorage: "Apache::Session::File",
    persistentStorageOptions: directory("psessions"),
    localSessionStorage: "",
    handlerInternalCache: 0,
  };
}

const people = {
  authentication: "Demo",
  userDB: "Same",
  passwordDB: "Null",
  registerDB: "Null",
  whatToTrace: "uid",
  demoExportedVars: { uid: "uid", mail: "mail" },
  groups: { sre: "$uid eq 'dwho'", audit: "$uid eq 'msmith'", engineering: "$uid eq 'rtyler'" },
  // No captcha is shown. Its module is loaded all the same and wants ImageMagick; the empty plugin wants nothing.
  captcha: "::Main::Plugin",
  portalDisplayResetPassword: 0,
  portalDisplayRegister: 0,
};

function openIdConnect(issuer: string, controlUrl: string, webSecret: string | undefined): object {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    issuerDBOpenIDConnectActivation: 1,
    oidcServiceMetaDataIssuer: issuer,
    oidcServicePrivateKeySig: privateKey.export({ type: "pkcs1", format: "pem" }),
    oidcServicePublicKeySig: publicKey.export({ type: "spki", format: "pem" }),
    oidcServiceKeyIdSig: "signing",
    // As Debian's own configuration has it: the claims of a client do not depend on the scopes it asks for.
    oidcServiceIgnoreScopeForClaims: 1,
    oidcRPMetaDataOptions: {
      gatehouse: {
        oidcRPMetaDataOptionsClientID: "gatehouse-web",
        ...(webSecret === undefined
          ? { oidcRPMetaDataOptionsPublic: 1 }
          : { oidcRPMetaDataOptionsPublic: 0, oidcRPMetaDataOptionsClientSecret: webSecret }),
        oidcRPMetaDataOptionsRequirePKCE: 1,
        oidcRPMetaDataOptionsIDTokenSignAlg: "RS256",
        oidcRPMetaDataOptionsIDTokenForceClaims: 1,
        oidcRPMetaDataOptionsBypassConsent: 1,
        oidcRPMetaDataOptionsRedirectUris: `${controlUrl}/sign-in/callback`,
        oidcRPMetaDataOptionsPostLogoutRedirectUris: `${controlUrl}/signed-out`,
      },
    },
    oidcRPMetaDataMacros: { gatehouse: { isVerified: "1" } },
    oidcRPMetaDataExportedVars: {
      gatehouse: { email: "mail", email_verified: "isVerified;bool", groups: "groups;string;always" },
    },
  };
}

function saml({ privateKey, certificate }: SigningKey, controlUrl: string): object {
  const entityId = `${controlUrl}/saml/lemon`;
  const binding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
  const metadata = `<?xml version="1.0"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entityId}">
  <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <AssertionConsumerService Binding="${binding}" Location="${entityId}/acs" index="0" isDefault="true"/>
  </SPSSODescriptor>
</EntityDescriptor>`;
  return {
    issuerDBSAMLActivation: 1,
    samlServicePrivateKeySig: privateKey.export({ type: "pkcs8", format: "pem" }),
    samlServicePublicKeySig: certificate,
    samlIDPSSODescriptorWantAuthnRequestsSigned: 0,
    samlSPMetaDataXML: { gatehouse: { samlSPMetaDataXML: metadata } },
    samlSPMetaDataOptions: {
      gatehouse: {
        samlSPMetaDataOptionsSignSSOMessage: 1,
        samlSPMetaDataOptionsCheckSSOMessageSignature: 0,
        samlSPMetaDataOptionsNameIDFormat: "persistent",
        samlSPMetaDataOptionsNameIDSessionKey: "uid",
      },
    },
    samlSPMetaDataExportedAttributes: { gatehouse: { mail: "1;email", groups: "1;groups" } },
  };
}

type SigningKey = Awaited<ReturnType<typeof signingKey>>;

const sessionShape = z.looseObject({ _session_kind: z.string(), _utime: z.number() });

function ageSessions(folder: string, seconds: number): void {
  for (const entry of readdirSync(folder, { withFileTypes: true }).filter((each) => each.isFile())) {
    const file = join(folder, entry.name);
    const session = sessionShape.parse(JSON.parse(readFileSync(file, "utf8")));
    if (session._session_kind !== "SSO") continue;
    const then = session._utime - seconds;
    writeFileSync(file, JSON.stringify({ ...session, _utime: then, _lastAuthnUTime: then }));
  }
}

/** Keeps reading what it says for as long as it lives: a full pipe would stop it. */
function untilStarted(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    server.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      said = (said + chunk).slice(-10_000);
      // It goes on listening, to say so to everybody.
      if (said.includes("Initialization failed")) server.kill();
      if (said.includes("Accepting connections")) resolve();
    });
    server.once("exit", () => reject(new Error(`LemonLDAP::NG did not start:\n${said}`)));
  });
}
