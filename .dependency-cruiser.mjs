// The import table. ARCHITECTURE.md explains it; this file is the law.
// Each key is a folder of src/, each value the folders its files may import besides their own.
const mayImport = {
  lib: [],
  tlog: ["lib"],
  api: ["lib"],
  identity: ["lib"],
  catalogue: ["lib"],
  masking: ["lib"],
  keys: ["lib"],
  config: ["lib"],
  telemetry: ["lib"],
  connections: ["lib", "identity"],
  policy: ["lib", "identity", "catalogue"],
  approvals: ["lib", "identity", "catalogue", "policy"],
  recording: ["lib", "masking"],
  audit: ["lib", "tlog"],
  gateway: [
    "lib",
    "identity",
    "catalogue",
    "policy",
    "approvals",
    "connections",
    "keys",
    "masking",
    "recording",
    "audit",
    "telemetry",
  ],
  control: [
    "lib",
    "api",
    "identity",
    "catalogue",
    "policy",
    "approvals",
    "connections",
    "keys",
    "recording",
    "audit",
    "tlog",
    "telemetry",
  ],
  storage: ["lib", "identity", "approvals", "audit", "tlog", "catalogue", "policy", "recording"],
  agent: ["lib", "api", "tlog", "config"],
  cli: ["lib", "api", "tlog", "config", "agent"],
};

// Modules without clock, network, disk or logger.
const pure = ["tlog", "catalogue", "policy", "masking"];

// Each outside library has one home; a second folder needs a reason in docs/dependencies.md.
const homes = {
  fastify: "^(src/control|test)",
  "@fastify/": "^src/control",
  jose: "^(src/identity|src/keys|test|practice)",
  "openid-client": "^(src/identity|src/cli|test)",
  "@node-saml/": "^(src/identity/saml|test)",
  "xml-crypto": "^test",
  saxes: "^(src/identity/saml|test)",
  "@peculiar/x509": "^(src/keys|test)",
  "google-auth-library": "^src/connections",
  "@marcbachmann/cel-js": "^src/policy",
  re2js: "^src/masking",
  "jsonc-parser": "^src/catalogue",
  "ipaddr.js": "^src/lib",
  yaml: "^(src/config|src/policy|src/masking|test)",
  "@bufbuild/protobuf": "^src/catalogue",
  commander: "^src/cli",
  pino: "^src/telemetry",
  "oidc-provider": "^practice",
  undici: "^(src/lib|src/gateway|src/agent|src/connections|test)",
  "pg/": "^(src/storage/postgres|test|bench)",
  "node:sqlite": "^(src/storage/sqlite|src/cli/local/demo|test)",
};

const folders = Object.keys(mayImport);
const inSrc = (names) => `^src/(${names.join("|")})/`;
const test = "\\.test\\.ts$";

export default {
  forbidden: [
    ...folders.map((folder) => ({
      name: `${folder}-imports-only-its-neighbours`,
      severity: "error",
      from: { path: `^src/${folder}/`, pathNot: [test, "^src/cli/local/"] },
      to: { path: "^(src|practice|test|tools)/", pathNot: inSrc([folder, ...mayImport[folder]]) },
    })),
    {
      name: "folders-are-entered-by-their-front-door",
      comment: "import from #folder, not from a file inside it",
      severity: "error",
      from: { path: "^src/([^/]+)/", pathNot: [test, "^src/cli/local/"] },
      to: {
        path: "^src/([^/]+)/",
        pathNot: ["^src/$1/", "^src/[^/]+/index\\.ts$", "^src/storage/[^/]+/index\\.ts$", "^src/lib/"],
      },
    },
    {
      name: "only-the-composition-root-sees-storage",
      severity: "error",
      from: { path: "^src/", pathNot: ["^src/storage/", "^src/composition/", "^src/cli/local/", test] },
      to: { path: "^src/storage/" },
    },
    {
      name: "only-commands-start-the-server",
      severity: "error",
      from: { path: "^src/", pathNot: ["^src/composition/", "^src/cli/local/", "^src/main\\.ts$", test] },
      to: { path: "^src/composition/" },
    },
    {
      name: "practice-is-a-stranger",
      severity: "error",
      from: { path: "^practice/" },
      to: { path: "^(src|test|tools)/" },
    },
    {
      name: "only-the-quick-start-and-tests-see-practice",
      severity: "error",
      from: { path: "^src/", pathNot: ["^src/cli/local/", test] },
      to: { path: "^practice/" },
    },
    {
      name: "pure-modules-touch-nothing",
      severity: "error",
      from: { path: inSrc(pure), pathNot: [test, "^src/catalogue/load\\.ts$"] },
      to: { path: "^(node:)?(fs|net|http|https|http2|tls|dns|child_process|worker_threads)(/|$)" },
    },
    ...Object.entries(homes).map(([library, home]) => ({
      name: `${library}-has-one-home`,
      severity: "error",
      from: { path: "^(src|practice|test)/", pathNot: home },
      to: { path: library.startsWith("node:") ? `^(node:)?${library.slice(5)}$` : `node_modules/${library}` },
    })),
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    { name: "no-orphans-of-resolution", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)node_modules/.*/node_modules/" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      extensions: [".ts", ".mjs", ".js", ".json"],
    },
  },
};
