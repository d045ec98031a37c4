import type { Secret } from "#lib/secret";
import { proxyName } from "./nonce.ts";
import type { SocketWay } from "./socket-way.ts";

/** What the environment of a run points at. */
export interface RunPlaces {
  readonly nonce: Secret;
  readonly proxyPort: number;
  readonly metadataPort: number;
  readonly caBundle: string;
  readonly gcloudConfiguration: string;
  readonly boto: string;
  readonly preload: string;
  readonly project: string | undefined;
  readonly controlUrl: string;
  /** Absent where there are no Unix sockets. */
  readonly bySocket: SocketWay | undefined;
}

/** Never proxied. The user's own exemptions are honoured by the helper, which every other host passes. */
const noProxy = "127.0.0.1,localhost,metadata.google.internal,169.254.169.254";

export const caVariables = [
  "REQUESTS_CA_BUNDLE",
  "CURL_CA_BUNDLE",
  "SSL_CERT_FILE",
  "NODE_EXTRA_CA_CERTS",
  "HTTPLIB2_CA_CERTS",
  "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
  "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
  "GIT_SSL_CAINFO",
];

/** Variables of the user that would lead a client past the gateway or to a credential. Compared in upper case. */
const leadingAstray: readonly RegExp[] = [
  /^GOOGLE_APPLICATION_CREDENTIALS$/,
  /^GOOGLE_(BACKEND_)?CREDENTIALS$/,
  /^BOTO_CONFIG$/,
  /^GOOGLE_OAUTH_ACCESS_TOKEN$/,
  /^CLOUDSDK_AUTH_/,
  /^CLOUDSDK_API_ENDPOINT_OVERRIDES_/,
  /_EMULATOR_HOST$/,
  // Terraform's further names for the same two things.
  /^(GOOGLE_CLOUD|GCLOUD)_KEYFILE_JSON$/,
  /^GOOGLE_(BACKEND_)?IMPERSONATE_SERVICE_ACCOUNT$/,
  /^GOOGLE_[A-Z0-9_]+_CUSTOM_ENDPOINT$/,
  // Another universe is other hosts; a named account or configuration does not exist in the private one.
  /^(CLOUDSDK_CORE|GOOGLE_CLOUD)_UNIVERSE_DOMAIN$/,
  /^CLOUDSDK_CORE_ACCOUNT$/,
  /^CLOUDSDK_ACTIVE_CONFIG_NAME$/,
];

/** Proxies of the user that the helper's own stands before; where they lead, other hosts are passed on. */
const otherProxies: readonly RegExp[] = [
  /^HTTP_PROXY$/,
  // grpc-js asks these before https_proxy.
  /^(NO_)?GRPC_PROXY$/,
  // gcloud's own proxy settings win over HTTPS_PROXY.
  /^CLOUDSDK_PROXY_/,
];

/** The environment of the child: the user's, with every variable that decides how Google is reached replaced or removed. */
export function runEnvironment(inherited: NodeJS.ProcessEnv, places: RunPlaces): NodeJS.ProcessEnv {
  return {
    ...without(inherited, [...leadingAstray, ...otherProxies]),
    ...setVariables(places),
    NODE_OPTIONS: appendOption(inherited["NODE_OPTIONS"], `--require ${quoted(places.preload)}`),
  };
}

/**
 * The same for a sandbox that forbids loopback TCP and has a proxy of its own: credentials come over the run's socket,
 * calls go to the gateway by its own names, and the sandbox's proxy variables stay as they are.
 */
export function socketEnvironment(
  inherited: NodeJS.ProcessEnv,
  { bySocket, gcloudConfiguration, project, controlUrl }: SocketPlaces,
): NodeJS.ProcessEnv {
  return {
    ...without(inherited, [
      ...leadingAstray,
      /^GCE_METADATA_/,
      /^METADATA_SERVER_DETECTION$/,
      /^GATEHOUSE_HELPER$/,
    ]),
    ...federatedVariables({ credentials: bySocket.credentials, controlUrl }),
    ...bySocket.variables,
    GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES: "1",
    CLOUDSDK_CONFIG: gcloudConfiguration,
    ...projectVariables(project),
    ...habits,
    GATEHOUSE_URL: controlUrl,
    GATEHOUSE_SOCKET: bySocket.socket,
  };
}

export type SocketPlaces = Pick<RunPlaces, "gcloudConfiguration" | "project" | "controlUrl"> & {
  readonly bySocket: SocketWay;
};

/** What makes clients take an `external_account` file. gcloud asks Google who that is unless told otherwise. */
export function federatedVariables(file: {
  readonly credentials: string;
  readonly controlUrl: string;
}): Record<string, string> {
  return {
    GOOGLE_APPLICATION_CREDENTIALS: file.credentials,
    CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE: file.credentials,
    CLOUDSDK_AUTH_TOKEN_INTROSPECTION_ENDPOINT: `${file.controlUrl}/v1/introspect`,
    // Otherwise libraries look for a machine of Google's around them.
    NO_GCE_CHECK: "true",
  };
}

function without(inherited: NodeJS.ProcessEnv, patterns: readonly RegExp[]): NodeJS.ProcessEnv {
  const kept = Object.entries(inherited).filter(
    ([name]) => !patterns.some((pattern) => pattern.test(name.toUpperCase())),
  );
  return Object.fromEntries(kept);
}

/** How clients behave, whichever way they go. */
export const habits: Readonly<Record<string, string>> = {
  CLOUDSDK_CORE_DISABLE_PROMPTS: "1",
  CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: "1",
  CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: "1",
  // A call held for approval outlives gcloud's own 300 s.
  CLOUDSDK_CORE_HTTP_TIMEOUT: "3600",
  // A client certificate proves the person's machine to Google, behind our back and through our interception.
  CLOUDSDK_CONTEXT_AWARE_USE_CLIENT_CERTIFICATE: "false",
  GOOGLE_API_USE_CLIENT_CERTIFICATE: "false",
};

/** All that is set, whatever it was before. The nonce is the only secret, and worth something on this machine only. */
export function setVariables(places: RunPlaces): Record<string, string> {
  const proxy = `http://${proxyName}:${places.nonce.reveal()}@127.0.0.1:${places.proxyPort}`;
  const metadata = `127.0.0.1:${places.metadataPort}`;
  return {
    HTTPS_PROXY: proxy,
    // grpc-js reads the lower case only.
    https_proxy: proxy,
    NO_PROXY: noProxy,
    no_proxy: noProxy,
    ...Object.fromEntries(caVariables.map((name) => [name, places.caBundle])),
    GCE_METADATA_ROOT: metadata,
    GCE_METADATA_HOST: metadata,
    GCE_METADATA_IP: metadata,
    METADATA_SERVER_DETECTION: "assume-present",
    CLOUDSDK_CONFIG: places.gcloudConfiguration,
    ...projectVariables(places.project),
    ...habits,
    BOTO_PATH: places.boto,
    GATEHOUSE_URL: places.controlUrl,
    // So that `gatehouse wait` inside the run is the run's session, whoever has signed in outside.
    GATEHOUSE_HELPER: metadata,
    ...(places.bySocket === undefined ? {} : { GATEHOUSE_SOCKET: places.bySocket.socket }),
  };
}

function projectVariables(project: string | undefined): Record<string, string> {
  return project === undefined ? {} : { CLOUDSDK_CORE_PROJECT: project, GOOGLE_CLOUD_PROJECT: project };
}

function appendOption(inherited: string | undefined, option: string): string {
  return inherited === undefined || inherited.trim() === "" ? option : `${inherited} ${option}`;
}

/** Node splits NODE_OPTIONS at spaces; within double quotes a backslash escapes (`node --help`, NODE_OPTIONS). */
function quoted(path: string): string {
  return /[\s"\\]/.test(path) ? `"${path.replace(/(["\\])/g, "\\$1")}"` : path;
}
