import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { parseConfiguration } from "#config";
import { type IdentityProvider, startIdentityProvider } from "#practice/identity-provider";
import { type StartedChild, startChild } from "../fakes/child.ts";
import { freePort } from "../fakes/port.ts";

// deploy/ without a container engine: what its files say, and their parts as processes of this machine.
const deploy = resolve(import.meta.dirname, "../../deploy");
const gatehouse = resolve(import.meta.dirname, "../../bin/gatehouse.mjs");
const text = (name: string): string => readFileSync(join(deploy, name), "utf8");

const service = z.looseObject({
  image: z.string(),
  command: z.array(z.string()),
  build: z.looseObject({ context: z.string(), dockerfile: z.string() }).optional(),
  network_mode: z.string().optional(),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.string() })).default({}),
  healthcheck: z.looseObject({}).optional(),
});
const compose = z
  .strictObject({
    name: z.string(),
    services: z.record(z.string(), service),
    volumes: z.record(z.string(), z.null()),
  })
  .parse(parse(text("compose.yaml")));
const services = Object.entries(compose.services);

describe("compose.yaml", () => {
  test("nothing is reachable from other machines", () => {
    const ports = services.flatMap(([, each]) => each.ports);
    expect(ports.length).toBeGreaterThan(0);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  test("every image is of one version, and every file and service that is named exists", () => {
    for (const [name, { image, build, volumes, network_mode, depends_on }] of services) {
      expect(image, name).toMatch(/:[\w.]+$/);
      expect(image, name).not.toContain(":latest");
      if (build !== undefined)
        expect(existsSync(resolve(deploy, build.context, build.dockerfile))).toBe(true);
      for (const volume of volumes) {
        const [source = ""] = volume.split(":");
        const isThere = source.startsWith(".")
          ? existsSync(resolve(deploy, source))
          : source in compose.volumes;
        expect(isThere, `${name}: ${volume}`).toBe(true);
      }
      const named = [network_mode?.replace(/^service:/, ""), ...Object.keys(depends_on)];
      for (const other of named.filter((each) => each !== undefined && each !== "none"))
        expect(Object.keys(compose.services), name).toContain(other);
    }
  });

  test("whoever waits for a service to be healthy waits for one that can say so", () => {
    for (const [, { depends_on }] of services) {
      for (const [name, { condition }] of Object.entries(depends_on)) {
        const other = compose.services[name];
        if (condition === "service_healthy") expect(other?.healthcheck, name).toBeDefined();
        else expect(condition).toBe("service_completed_successfully");
      }
    }
  });

  test("the gateway writes to its data only, and has no more rights than it needs", () => {
    expect(compose.services["gatehouse"]).toMatchObject({ read_only: true, cap_drop: ["ALL"] });
  });
});

test("Keycloak's realm and the configuration name the same addresses, clients and groups", () => {
  const realm = z
    .looseObject({
      realm: z.string(),
      groups: z.array(z.looseObject({ name: z.string() })),
      clients: z.array(z.looseObject({ clientId: z.string(), redirectUris: z.array(z.string()) })),
    })
    .parse(JSON.parse(text("keycloak/gatehouse-realm.json")));
  const configuration = parseConfiguration("gatehouse.yaml", text("gatehouse.yaml"));
  const [issuer] = configuration.identity.issuers;
  expect(issuer?.issuer).toBe(`http://localhost:8080/realms/${realm.realm}`);
  expect(realm.clients.map(({ clientId }) => clientId)).toEqual([
    issuer?.agent_client,
    issuer?.console_client,
    issuer?.web_client,
  ]);
  expect(realm.clients[2]?.redirectUris).toEqual([`${configuration.control.url}/sign-in/callback`]);
  const groups = new Set(realm.groups.map(({ name }) => name));
  for (const group of Object.values(configuration.identity.roles).flat()) expect(groups).toContain(group);
});

describe("the parts of deploy/ as processes", () => {
  const started: StartedChild[] = [];
  let folder: string;
  let provider: IdentityProvider;
  let environment: NodeJS.ProcessEnv;
  let ports: { readonly control: number; readonly proxy: number; readonly cloud: number };

  const start = (...words: readonly string[]): StartedChild => {
    const child = startChild([process.execPath, gatehouse, ...words], { environment });
    started.push(child);
    return child;
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "gatehouse-deploy-"));
    ports = { control: await freePort(), proxy: await freePort(), cloud: await freePort() };
    environment = {
      ...process.env,
      HOME: folder,
      XDG_CONFIG_HOME: join(folder, "config"),
      NODE_EXTRA_CA_CERTS: join(folder, "run/tls/tls.crt"),
      GATEHOUSE_URL: `https://localhost:${ports.control}`,
    };
    provider = await startIdentityProvider({
      host: "127.0.0.1",
      port: 0,
      webRedirectUris: [`https://localhost:${ports.control}/sign-in/callback`],
      stateFile: join(folder, "provider.json"),
    });
  });
  afterAll(async () => {
    for (const child of started) child.kill("SIGTERM");
    await Promise.allSettled(started.map(({ outcome }) => outcome));
    await provider.close();
    rmSync(folder, { recursive: true });
  });

  /** compose.yaml's command for a service, with the folders of this test. */
  const commandOf = (name: string): string[] => (compose.services[name]?.command ?? []).map(here);
  const here = (word: string): string =>
    word
      .replaceAll("/run/gatehouse", join(folder, "run"))
      .replaceAll("/var/lib/gatehouse", join(folder, "lib"))
      .replaceAll("/opt/gatehouse", resolve(deploy, ".."))
      .replaceAll("/etc/gatehouse", folder)
      .replaceAll("8443", String(ports.cloud))
      .replaceAll("8440", String(ports.control))
      .replaceAll("8441", String(ports.proxy));

  test("certificate, practice cloud and gateway come up, and an agent works through them over TLS", {
    timeout: 120_000,
  }, async () => {
    expect((await start(...commandOf("certificate")).outcome).status).toBe(0);
    await start(...commandOf("practice-cloud")).printed("The practice cloud is up");
    const configuration = here(text("gatehouse.yaml"))
      .replace("http://localhost:8080/realms/gatehouse", provider.issuer)
      // Signing in by name alone needs this; compose's Keycloak asks for a password.
      .replace("web_client: gatehouse-web", "web_client: gatehouse-web\n      development: true");
    writeFileSync(join(folder, "gatehouse.yaml"), configuration);
    await start(...commandOf("gatehouse")).printed("Gatehouse is up");

    const call = resolve(import.meta.dirname, "../../src/cli/local/demo/http-call.ts");
    const url = "https://cloudresourcemanager.googleapis.com/v1/projects";
    const as = ["--as", "developer@example.com"];
    const run = await start("run", ...as, "--", process.execPath, call, "GET", url).outcome;
    expect(run.status, run.stderr).toBe(0);
    expect(run.stdout).toContain("practice-project");
  });

  test("whoever was not handed the certificate does not speak to the gateway", async () => {
    const { NODE_EXTRA_CA_CERTS: _, ...untrusting } = environment;
    const words = ["whoami", "--as", "developer@example.com"];
    const outcome = await startChild([process.execPath, gatehouse, ...words], { environment: untrusting })
      .outcome;
    expect(outcome.status).not.toBe(0);
    expect(outcome.stderr).toMatch(/certificate/i);
  });
});
