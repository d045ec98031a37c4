import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TLSSocket, connect as tlsConnect } from "node:tls";
import { GoogleAuth } from "google-auth-library";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTrialCertificate } from "#keys";
import { systemClock } from "#lib/clock";
import { startWorld, type World } from "./world.ts";

// Google's own Node library towards names of our own. Only the resolver and port 443 are played.
const domain = "gw.example.com";

let world: World;
let folder = "";
let certificate = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-universe-"));
  const trial = await createTrialCertificate([`*.${domain}`], systemClock);
  certificate = trial.certificate;
  const tls = { certificate: join(folder, "tls.crt"), key: join(folder, "tls.key") };
  writeFileSync(tls.certificate, trial.certificate);
  writeFileSync(tls.key, trial.key);
  const universe = { domain, host: "127.0.0.1", port: 0, tls, tls_ends_in_front: false, public_port: 443 };
  world = await startWorld({ universe });
});
afterAll(async () => {
  await world.close();
  rmSync(folder, { recursive: true });
});

/** Leads every name to the universe listener, as a wildcard DNS record and port 443 would. */
class Resolving extends Agent {
  override createConnection({ servername, host }: { servername?: string; host?: string }): TLSSocket {
    return tlsConnect({
      host: "127.0.0.1",
      port: world.quickStart.server.universePort ?? 0,
      servername: servername ?? host ?? "",
      ca: certificate,
    });
  }
}

async function libraryWith(person: string) {
  const subjectToken = join(folder, `${person}.jwt`);
  writeFileSync(subjectToken, await world.identityToken(person));
  const credentials = {
    type: "external_account",
    audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/any/providers/any",
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    token_url: `${world.quickStart.server.controlUrl}/v1/token`,
    universe_domain: domain,
    credential_source: { file: subjectToken },
  };
  const keyFilename = join(folder, `${person}.json`);
  writeFileSync(keyFilename, JSON.stringify(credentials));
  const auth = new GoogleAuth({ keyFilename, scopes: "https://www.googleapis.com/auth/cloud-platform" });
  const client = await auth.getClient();
  return {
    universe: await auth.getUniverseDomain(),
    get: (url: string) => client.request<unknown>({ url, agent: new Resolving(), retry: false }),
  };
}

test("google-auth-library with our universe_domain reaches an API by our name, and Google sees its own", async () => {
  const { universe, get } = await libraryWith("developer@example.com");
  const answer = await get(`https://cloudresourcemanager.${universe}/v1/projects`);
  expect(answer.status).toBe(200);
  expect(JSON.stringify(answer.data)).toContain("practice-project");
  expect(answer.headers.get("x-audit-record")).not.toBeNull();
});

test("a regional name is the regional API, and no token leads to a name that is not Google's", async () => {
  const { universe, get } = await libraryWith("developer@example.com");
  const services = "/apis/serving.knative.dev/v1/namespaces/practice-project/services";
  expect((await get(`https://us-central1-run.${universe}${services}`)).status).toBe(200);
  await expect(get(`https://vault.${universe}/v1/projects`)).rejects.toMatchObject({ status: 403 });
});
