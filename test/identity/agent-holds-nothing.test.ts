import { createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningCommand, type Stage, setStage } from "../../src/cli/local/demo/stage.ts";
import { readPart } from "../fakes/token-issuer.ts";
import { type TokenServer, tokenServer } from "../fakes/token-server.ts";
import { agentOf } from "../scenarios/test-agent.ts";
import { matrix } from "./matrix.ts";
import { environmentOf, familyOf, filesBelow, holds, memoryHolds, spellingsOf } from "./process-search.ts";

const row = matrix("What an agent holds, searched for the upstream's credential");
const elsewhere = matrix("A gateway token, shown elsewhere");

const accessToken = `ya29.canary-${randomBytes(48).toString("base64url")}`;
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = String(privateKey.export({ type: "pkcs8", format: "pem" }));
/** Lines of the key, each by itself: whoever has one has too much. The first is alike in all keys. */
const canaries = [accessToken, ...pem.split("\n").slice(2, 6)];
const needles = canaries.flatMap(spellingsOf);

/** Prints its environment and what its calls are answered, whole, and stays until it is told to go. */
const agentScript = `
const said = async (answer) => console.log(answer.status, JSON.stringify([...answer.headers]), await answer.text());
const metadata = "http://" + process.env.GCE_METADATA_HOST + "/computeMetadata/v1/instance/service-accounts/default/";
const headers = { "Metadata-Flavor": "Google" };
for (const path of ["token", "email", "identity?audience=https://example.com", "?recursive=true"])
  await fetch(metadata + path, { headers }).then(said, console.error);
const { access_token } = await (await fetch(metadata + "token", { headers })).json();
const authorization = "Bearer " + access_token;
for (const url of [
  "https://cloudresourcemanager.googleapis.com/v1/projects",
  "https://storage.googleapis.com/storage/v1/b/logs",
  "https://oauth2.googleapis.com/token",
  "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b.iam.gserviceaccount.com:generateAccessToken",
]) await fetch(url, { headers: { authorization } }).then(said, console.error);
console.log("ENVIRONMENT" + JSON.stringify(process.env));
console.log("agent-is-done");
process.stdin.once("data", () => process.exit(0));
`;

let folder: string;
let upstream: TokenServer;
let stage: Stage;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-canary-"));
  upstream = await tokenServer();
  // It says its credential back, in body and header, as a careless or hostile upstream would.
  upstream.answerWith(({ path, authorization }, response) => {
    const token = { access_token: accessToken, expires_in: 3600, token_type: "Bearer" };
    const echo = { projects: [], echo: authorization, raw: authorization?.slice("Bearer ".length) };
    response.writeHead(200, { "content-type": "application/json", "x-echo": authorization ?? "none" });
    response.end(JSON.stringify(path === "/token" ? token : echo));
  });
  const key = join(folder, "key.json");
  const email = "gatehouse@canary-project.iam.gserviceaccount.com";
  const file = {
    type: "service_account",
    private_key_id: "canary",
    private_key: pem,
    client_email: email,
    token_uri: `${upstream.url}/token`,
  };
  writeFileSync(key, JSON.stringify(file), { mode: 0o600 });
  const scopes = ["https://www.googleapis.com/auth/cloud-platform"];
  const fences = { hosts: ["*"], projects: ["*"], groups: ["*"] };
  const identity = { kind: "key_file" as const, path: key, scopes };
  stage = await setStage({
    isGcloudAllowed: false,
    connections: [{ name: "canary", identity, endpoint: upstream.url, ...fences }],
  });
});
afterAll(async () => {
  await stage.close();
  upstream.close();
  rmSync(folder, { recursive: true, force: true });
});

function untilDone({ process: child, outcome }: RunningCommand): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes("agent-is-done")) resolve(said);
    });
    void outcome.then(({ stdout, stderr }) => reject(new Error(`${stdout}\n${stderr}`)));
  });
}

const found = (isFound: boolean): string => (isFound ? "found" : "not found");

describe("a run of an agent whose connection holds a canary", () => {
  let command: RunningCommand;
  let said: string;
  beforeAll(async () => {
    command = stage.agentWith(["--connection", "canary"], "node", "--input-type=module", "-e", agentScript);
    said = await untilDone(command);
  });
  afterAll(async () => {
    command.process.stdin?.end("go\n");
    await command.outcome;
  });

  function environment(): Record<string, string> {
    const [, text = "{}"] = /^ENVIRONMENT(.*)$/m.exec(said) ?? [];
    return Object.fromEntries(
      Object.entries(JSON.parse(text) as object).map(([name, value]) => [name, String(value)]),
    );
  }

  /** What the helper and the agent do hold, so that a search that finds nothing is known to look. */
  const known = (): string => new URL(environment()["HTTPS_PROXY"] ?? "").password;

  test("the credential was used, or its absence would prove nothing", () => {
    const used = upstream.requests.filter(({ authorization }) => authorization === `Bearer ${accessToken}`);
    row({
      what: "calls the upstream got with the canary",
      expected: "some",
      observed: used.length > 0 ? "some" : "none",
    });
    row({
      what: "the run's own nonce, in what the agent printed",
      expected: "found",
      observed: found(holds(Buffer.from(said), spellingsOf(known()))),
    });
  });

  test("everything that was answered", () => {
    row({
      what: "answers of the gateway, metadata server and token endpoint",
      expected: "not found",
      observed: found(holds(Buffer.from(said), needles)),
    });
  });

  const isLinux = process.platform === "linux";
  if (!isLinux)
    console.log("environment and memory of processes: skipped, they are read from /proc (Linux).");

  test.skipIf(!isLinux)("the environment of the helper, the agent and all they started", () => {
    const family = familyOf(command.process.pid ?? 0);
    expect(family.length).toBeGreaterThanOrEqual(2);
    const all = Buffer.concat(family.map(environmentOf));
    row({
      what: `environment of ${family.length} processes: the run's own nonce`,
      expected: "found",
      observed: found(holds(all, spellingsOf(known()))),
    });
    row({
      what: `environment of ${family.length} processes: the canary`,
      expected: "not found",
      observed: found(holds(all, needles)),
    });
  });

  test.skipIf(!isLinux)("the memory of the helper, the agent and all they started", (context) => {
    const family = familyOf(command.process.pid ?? 0);
    let hasNonce: boolean;
    try {
      hasNonce = family.some((pid) => memoryHolds(pid, spellingsOf(known())));
    } catch (error) {
      console.log(`memory of processes: skipped, this machine does not let us read it (${String(error)})`);
      context.skip();
      return;
    }
    row({
      what: `memory of ${family.length} processes: the run's own nonce`,
      expected: "found",
      observed: found(hasNonce),
    });
    const hasCanary = family.some((pid) => memoryHolds(pid, needles));
    row({
      what: `memory of ${family.length} processes: the canary`,
      expected: "not found",
      observed: found(hasCanary),
    });
  });

  test("the files of the run: its folder, the private gcloud configuration, HOME", () => {
    const variables = environment();
    // Whatever `gatehouse run` put there and names a place, and the home of the person.
    const named = Object.entries(variables).flatMap(([name, value]) =>
      process.env[name] !== value && value.startsWith(tmpdir()) && value !== stage.folder ? [value] : [],
    );
    const runFolder = dirname(variables["CLOUDSDK_CONFIG"] ?? "");
    expect(runFolder.length).toBeGreaterThan(tmpdir().length);
    const files = [...new Set([...named, runFolder, variables["HOME"] ?? ""].flatMap(filesBelow))];
    expect(files.length).toBeGreaterThan(0);
    const all = Buffer.concat(files.map((file) => readFileSync(file)));
    row({
      what: `${files.length} files of the run and HOME`,
      expected: "not found",
      observed: found(holds(all, needles)),
    });
  });

  test("what the server keeps: database, recordings, what it tells an auditor", async () => {
    const files = filesBelow(stage.data);
    const all = Buffer.concat(files.map((file) => readFileSync(file)));
    row({
      what: `${files.length} files of the data folder`,
      expected: "not found",
      observed: found(holds(all, needles)),
    });
    const list = await stage.gatehouse("sessions", "list", "--as", "auditor@example.com", "--json");
    const id = /"id":\s*"(ses_[^"]+)"/.exec(list.stdout)?.[1] ?? "";
    const shown = await stage.gatehouse("sessions", "show", id, "--as", "auditor@example.com", "--json");
    expect(shown.stdout).toContain("cloudresourcemanager");
    row({
      what: "the session with its recordings, as an auditor reads it",
      expected: "not found",
      observed: found(holds(Buffer.from(shown.stdout), needles)),
    });
  });
});

describe("a gateway token", () => {
  let token: string;
  let refreshToken: string;
  beforeAll(async () => {
    const agent = await agentOf(stage.quickStart.server.controlUrl, "developer@example.com");
    ({ token, refreshToken } = agent);
    await agent.close();
  });

  test("says whose it is and for whom: neither is Google", () => {
    const claims = readPart(token, "claims");
    const header = readPart(token, "header");
    elsewhere({
      what: "issuer, audience",
      expected: `${stage.quickStart.server.controlUrl}, gatehouse`,
      observed: `${String(claims["iss"])}, ${String(claims["aud"])}`,
    });
    elsewhere({
      what: "typ, alg",
      expected: "at+jwt, EdDSA",
      observed: `${String(header["typ"])}, ${String(header["alg"])}`,
    });
    const lifeS = Number(claims["exp"]) - Number(claims["iat"]);
    elsewhere({
      what: "life",
      expected: "at most 15 min",
      observed: lifeS <= 900 ? "at most 15 min" : `${lifeS} s`,
    });
    const isGoogles =
      /^(ya29\.|AIza|1\/\/|GOOG)/.test(token) || /^(ya29\.|AIza|1\/\/|GOOG)/.test(refreshToken);
    elsewhere({
      what: "shape of a credential of Google's",
      expected: "no",
      observed: isGoogles ? "yes" : "no",
    });
  });

  test("is refused where Google's token would be taken", async () => {
    const { url } = stage.quickStart.cloud;
    const headers = { host: "cloudresourcemanager.googleapis.com", authorization: `Bearer ${token}` };
    const direct = await fetch(`${url}/v1/projects`, { headers });
    elsewhere({ what: "bearer at the practice cloud", expected: "401", observed: String(direct.status) });
    const grants = {
      "as an assertion": { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: token },
      "as a refresh token": { grant_type: "refresh_token", refresh_token: refreshToken },
    };
    for (const [what, form] of Object.entries(grants)) {
      const answer = await fetch(`${url}/token`, { method: "POST", body: new URLSearchParams(form) });
      elsewhere({
        what: `${what} at the practice cloud's token endpoint`,
        expected: "refused",
        observed: answer.ok ? "taken" : "refused",
      });
    }
  });

  test("is refused by whoever checks issuer or audience, even with our own key to check the signature", async () => {
    const key = createPublicKey(readFileSync(join(stage.data, "keys/token.pem")));
    const verdict = (rules: object): Promise<string> =>
      jwtVerify(token, key, rules).then(
        () => "taken",
        () => "refused",
      );
    elsewhere({ what: "the signature alone, with our key", expected: "taken", observed: await verdict({}) });
    const google = { issuer: ["https://accounts.google.com", "accounts.google.com"] };
    elsewhere({ what: "issuer Google", expected: "refused", observed: await verdict(google) });
    const audiences = [
      "https://sts.googleapis.com/",
      "https://oauth2.googleapis.com/token",
      "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/g",
      "gatehouse-agent",
      "gatehouse-console",
    ];
    for (const audience of audiences) {
      elsewhere({ what: `audience ${audience}`, expected: "refused", observed: await verdict({ audience }) });
    }
    elsewhere({ what: "typ of an ID token", expected: "refused", observed: await verdict({ typ: "JWT" }) });
  });
});
