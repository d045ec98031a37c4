import { expect, test } from "vitest";
import { Secret } from "#lib/secret";
import { runEnvironment, setVariables } from "./environment.ts";

const places = {
  nonce: new Secret("NONCE"),
  proxyPort: 18_441,
  metadataPort: 18_442,
  caBundle: "/run/ca.pem",
  gcloudConfiguration: "/run/gcloud",
  boto: "/run/boto",
  preload: "/opt/preload.cjs",
  project: "my-project",
  controlUrl: "http://127.0.0.1:8440",
  bySocket: {
    socket: "/run/helper.sock",
    credentials: "/run/credentials.json",
    variables: { GOOGLE_CLOUD_UNIVERSE_DOMAIN: "gw.example.com" },
  },
};

test("variables that lead past the gateway or to a credential are gone, in whatever case", () => {
  const removed = {
    HTTP_PROXY: "http://proxy.example.com",
    http_proxy: "http://proxy.example.com",
    GOOGLE_APPLICATION_CREDENTIALS: "/home/key.json",
    GOOGLE_CREDENTIALS: "{}",
    BOTO_CONFIG: "/home/.boto",
    GOOGLE_OAUTH_ACCESS_TOKEN: "ya29.x",
    CLOUDSDK_AUTH_ACCESS_TOKEN: "ya29.x",
    CLOUDSDK_AUTH_ACCESS_TOKEN_FILE: "/home/token",
    CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE: "/home/key.json",
    CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT: "robot@example.com",
    CLOUDSDK_AUTH_DISABLE_SSL_VALIDATION: "1",
    CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE: "https://storage.example.com/",
    PUBSUB_EMULATOR_HOST: "127.0.0.1:8085",
    STORAGE_EMULATOR_HOST: "http://127.0.0.1:9000",
    GOOGLE_CLOUD_KEYFILE_JSON: "{}",
    GCLOUD_KEYFILE_JSON: "{}",
    GOOGLE_IMPERSONATE_SERVICE_ACCOUNT: "robot@example.com",
    GOOGLE_STORAGE_CUSTOM_ENDPOINT: "https://storage.example.com/",
    GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT: "https://storage.example.com/",
    GOOGLE_BACKEND_CREDENTIALS: "/home/key.json",
    GOOGLE_BACKEND_IMPERSONATE_SERVICE_ACCOUNT: "admin@my-project.iam.gserviceaccount.com",
    grpc_proxy: "http://proxy.example.com",
    no_grpc_proxy: "*",
    CLOUDSDK_PROXY_ADDRESS: "proxy.example.com",
    CLOUDSDK_CORE_UNIVERSE_DOMAIN: "example.com",
    GOOGLE_CLOUD_UNIVERSE_DOMAIN: "example.com",
    CLOUDSDK_CORE_ACCOUNT: "developer@example.com",
    CLOUDSDK_ACTIVE_CONFIG_NAME: "work",
  };
  const environment = runEnvironment({ ...removed, PATH: "/bin", EDITOR: "vi" }, places);
  for (const name of Object.keys(removed)) expect(environment, name).not.toHaveProperty(name);
  expect(environment).toMatchObject({ PATH: "/bin", EDITOR: "vi" });
});

test("the environment of a run is the measured one, name by name", () => {
  const proxy = "http://gatehouse:NONCE@127.0.0.1:18441";
  const noProxy = "127.0.0.1,localhost,metadata.google.internal,169.254.169.254";
  expect(setVariables(places)).toEqual({
    HTTPS_PROXY: proxy,
    https_proxy: proxy,
    NO_PROXY: noProxy,
    no_proxy: noProxy,
    REQUESTS_CA_BUNDLE: "/run/ca.pem",
    CURL_CA_BUNDLE: "/run/ca.pem",
    SSL_CERT_FILE: "/run/ca.pem",
    NODE_EXTRA_CA_CERTS: "/run/ca.pem",
    HTTPLIB2_CA_CERTS: "/run/ca.pem",
    GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: "/run/ca.pem",
    CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE: "/run/ca.pem",
    GIT_SSL_CAINFO: "/run/ca.pem",
    GCE_METADATA_ROOT: "127.0.0.1:18442",
    GCE_METADATA_HOST: "127.0.0.1:18442",
    GCE_METADATA_IP: "127.0.0.1:18442",
    METADATA_SERVER_DETECTION: "assume-present",
    CLOUDSDK_CONFIG: "/run/gcloud",
    CLOUDSDK_CORE_PROJECT: "my-project",
    GOOGLE_CLOUD_PROJECT: "my-project",
    CLOUDSDK_CORE_DISABLE_PROMPTS: "1",
    CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: "1",
    CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: "1",
    CLOUDSDK_CORE_HTTP_TIMEOUT: "3600",
    CLOUDSDK_CONTEXT_AWARE_USE_CLIENT_CERTIFICATE: "false",
    GOOGLE_API_USE_CLIENT_CERTIFICATE: "false",
    BOTO_PATH: "/run/boto",
    GATEHOUSE_URL: "http://127.0.0.1:8440",
    GATEHOUSE_HELPER: "127.0.0.1:18442",
    GATEHOUSE_SOCKET: "/run/helper.sock",
  });
});

test("what was set before is overwritten", () => {
  const inherited = Object.fromEntries(Object.keys(setVariables(places)).map((name) => [name, "inherited"]));
  const environment = runEnvironment(inherited, places);
  expect(Object.values(environment)).not.toContain("inherited");
});

test("NODE_OPTIONS is appended to, never overwritten, whatever the path", () => {
  const options = (inherited: string | undefined, preload: string) =>
    runEnvironment(inherited === undefined ? {} : { NODE_OPTIONS: inherited }, { ...places, preload })[
      "NODE_OPTIONS"
    ];
  expect(options(undefined, "/opt/preload.cjs")).toBe("--require /opt/preload.cjs");
  expect(options("--max-old-space-size=4096", "/opt/preload.cjs")).toBe(
    "--max-old-space-size=4096 --require /opt/preload.cjs",
  );
  expect(options("", '/my "own" folder/preload.cjs')).toBe('--require "/my \\"own\\" folder/preload.cjs"');
});

test("without a project the child's project variables are left as they were", () => {
  const environment = runEnvironment({}, { ...places, project: undefined });
  expect(environment).not.toHaveProperty("CLOUDSDK_CORE_PROJECT");
  expect(environment).not.toHaveProperty("GOOGLE_CLOUD_PROJECT");
});
