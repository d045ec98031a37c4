import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTrialCertificate } from "#keys";
import { systemClock } from "#lib/clock";
import { type Outcome, type Stage, setStage } from "../../src/cli/local/demo/stage.ts";
import { type NameServer, startNameServer } from "../fakes/name-server.ts";
import { installed, installedInSdk } from "./installed.ts";

// Clients nobody here wrote, by the ways in that need no proxy of ours: tokens over a Unix socket, calls to the gateway's
// own address, or to names under its universe domain.
const gcloud = installed("gcloud");
const bq = installed("bq");
const terraform = installed("terraform");
const python = installedInSdk(gcloud, "platform/bundledpythonunix/bin/python3");
const domain = "gw.example.com";

/** Google's auth library for Python as gcloud brings it, with the transport of its own. */
const pythonScript = `
import json, os, google.auth, google.auth.transport.requests as transport
credentials, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
session = transport.AuthorizedSession(credentials)
base = os.environ.get("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER", "https://cloudresourcemanager." + credentials.universe_domain + "/")
answer = session.get(base + "v1/projects", timeout=60)
print(base, answer.status_code, "x-audit-record" in answer.headers, answer.text)
`;

function tellsProjects(outcome: Outcome): void {
  expect(outcome.status, `${outcome.stdout}\n${outcome.stderr}`).toBe(0);
  expect(outcome.stdout).toContain("practice-project");
}

describe.skipIf(gcloud === undefined)("in a sandbox without loopback, at the gateway's own address", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await setStage({ isGcloudAllowed: true });
  });
  afterAll(() => stage.close());
  const run = (...command: string[]): Promise<Outcome> => stage.agentWith(["--socket"], ...command).outcome;

  test("gcloud reads projects with a token from the socket", async () => {
    tellsProjects(await run("gcloud", "projects", "list"));
  });

  test("gcloud tells why there is no token, in Gatehouse's words", async () => {
    const script = 'rm "$GATEHOUSE_SOCKET"; gcloud projects list';
    const { status, stdout, stderr } = await run("sh", "-c", script);
    expect(status).not.toBe(0);
    expect(`${stdout}${stderr}`).toContain("no socket of your own Gatehouse helper");
  });

  test.skipIf(python === undefined)(
    "google-auth for Python reads projects with a token from the socket",
    async () => {
      const lib = "/usr/lib/google-cloud-sdk/lib/third_party";
      const outcome = await run("env", `PYTHONPATH=${lib}`, python ?? "", "-c", pythonScript);
      tellsProjects(outcome);
      expect(outcome.stdout).toContain("200 True");
    },
  );
});

describe.skipIf(gcloud === undefined)("under the gateway's universe domain", () => {
  let folder = "";
  let names: NameServer;
  let stage: Stage;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "gatehouse-universe-"));
    const { certificate, key } = await createTrialCertificate([`*.${domain}`], systemClock);
    const tls = { certificate: join(folder, "tls.crt"), key: join(folder, "tls.key") };
    writeFileSync(tls.certificate, certificate);
    writeFileSync(tls.key, key);
    names = await startNameServer(domain, () => stage.quickStart.server.universePort ?? 0);
    stage = await setStage({
      isGcloudAllowed: true,
      policies: [join(import.meta.dirname, "policies")],
      universe: { domain, host: "127.0.0.1", port: 0, tls, tls_ends_in_front: false, public_port: 443 },
      // What DNS and a public certificate do where there are any.
      environment: {
        HTTPS_PROXY: names.url,
        https_proxy: names.url,
        NO_PROXY: "127.0.0.1",
        REQUESTS_CA_BUNDLE: tls.certificate,
        CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE: tls.certificate,
        HTTPLIB2_CA_CERTS: tls.certificate,
      },
    });
  });
  afterAll(async () => {
    await stage.close();
    await names.close();
    rmSync(folder, { recursive: true });
  });
  const run = (...command: string[]): Promise<Outcome> => stage.agentWith(["--socket"], ...command).outcome;
  const succeed = async (...command: string[]): Promise<Outcome> => {
    const outcome = await run(...command);
    expect(outcome.status, `${command.join(" ")}\n${outcome.stdout}\n${outcome.stderr}`).toBe(0);
    return outcome;
  };

  test("gcloud finds every API by our names, and not one of Google's is asked for", async () => {
    tellsProjects(await run("gcloud", "projects", "list"));
    expect((await succeed("gcloud", "run", "services", "list", "--region=us-central1")).stdout).toContain(
      "hello",
    );
    expect(names.asked).toContain(`us-central1-run.${domain}:443`);
    expect(names.asked.filter((authority) => !authority.endsWith(`.${domain}:443`))).toEqual([]);
  });

  test("gcloud waits for an operation whose address Google named by its own name", async () => {
    await succeed("gcloud", "compute", "instances", "delete", "web-2", "--zone=us-central1-a", "--quiet");
    expect((await succeed("gcloud", "compute", "instances", "list")).stdout).not.toContain("web-2");
  });

  test("gcloud storage uploads in parts and downloads: bytes in are bytes out", async () => {
    const [large, back] = [join(folder, "large.bin"), join(folder, "back.bin")];
    writeFileSync(large, randomBytes(12 * 1024 * 1024));
    await succeed("gcloud", "storage", "cp", large, "gs://practice-bucket/large.bin");
    await succeed("gcloud", "storage", "cp", "gs://practice-bucket/large.bin", back);
    expect(readFileSync(back).equals(readFileSync(large))).toBe(true);
    expect(names.asked.filter((authority) => !authority.endsWith(`.${domain}:443`))).toEqual([]);
  });

  test.skipIf(terraform === undefined)(
    "Terraform keeps its state under our name, by the executable source as Go reads it",
    async () => {
      const work = mkdtempSync(join(folder, "terraform-"));
      writeFileSync(
        join(work, "main.tf"),
        'terraform {\n  backend "gcs" {\n    bucket = "practice-bucket"\n  }\n}\n',
      );
      const before = names.asked.length;
      const { status, stdout, stderr } = await run(
        ...["env", `SSL_CERT_FILE=${join(folder, "tls.crt")}`, "CHECKPOINT_DISABLE=1"],
        ...["terraform", `-chdir=${work}`, "init", "-no-color", "-input=false"],
      );
      expect(status, `${stdout}\n${stderr}`).toBe(0);
      expect(names.asked.slice(before)).toContain(`storage.${domain}:443`);
    },
  );

  test.skipIf(bq === undefined)("bq asks our names", async () => {
    const before = names.asked.length;
    const { stdout, stderr } = await run("bq", "--headless", "--project_id=practice-project", "ls");
    expect(names.asked.slice(before), `${stdout}\n${stderr}`).toContain(`bigquery.${domain}:443`);
  });
});
