import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { OpenRun } from "#agent";
import { Secret } from "#lib/secret";
import { portOf } from "../../test/fakes/port.ts";
import { fakeTerminal } from "../../test/fakes/terminal.ts";
import { environmentOf, type WayOptions } from "./run-way.ts";

/** A port of this machine, open or, as in a sandbox that forbids loopback, not to be reached. */
async function port(isOpen: boolean): Promise<number> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const number = portOf(server);
  const close = () => new Promise<void>((done) => server.close(() => done()));
  if (isOpen) onTestFinished(close);
  else await close();
  return number;
}

interface Setting {
  readonly isOpen?: boolean;
  readonly variables?: Record<string, string>;
  readonly hasSocket?: boolean;
}

async function choose(way: WayOptions, { isOpen = true, variables = {}, hasSocket = true }: Setting = {}) {
  const terminal = fakeTerminal();
  onTestFinished(() => terminal.remove());
  terminal.environment["HTTPS_PROXY"] = "http://sandbox.example.com:3128";
  const run: OpenRun = {
    sessionId: "ses_1",
    close: async () => undefined,
    places: {
      nonce: new Secret("NONCE"),
      proxyPort: await port(isOpen),
      metadataPort: 1,
      caBundle: "/run/ca.pem",
      gcloudConfiguration: "/run/gcloud",
      boto: "/run/boto",
      preload: "/opt/preload.cjs",
      project: "my-project",
      controlUrl: "https://gatehouse.example.com",
      bySocket: hasSocket
        ? { socket: "/run/helper.sock", credentials: "/run/credentials.json", variables }
        : undefined,
    },
  };
  const settings = { terminal, url: undefined, isJson: false, isColoured: false };
  return { environment: await environmentOf(run, way, settings), said: terminal.stderr.join("\n") };
}

test("a universe domain that the server does not have is refused, and so is a socket where there are none", async () => {
  await expect(choose({ universe: true })).rejects.toMatchObject({ code: "usage_invalid" });
  await expect(choose({ socket: true }, { hasSocket: false })).rejects.toMatchObject({
    code: "usage_invalid",
  });
});

test("a shell that cannot reach loopback TCP gets the way by socket, and is told", async () => {
  const { environment, said } = await choose({}, { isOpen: false });
  expect(said).toContain("it is in a sandbox");
  expect(environment).toMatchObject({
    GOOGLE_APPLICATION_CREDENTIALS: "/run/credentials.json",
    GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES: "1",
    GATEHOUSE_SOCKET: "/run/helper.sock",
    CLOUDSDK_CONFIG: "/run/gcloud",
    GOOGLE_CLOUD_PROJECT: "my-project",
    // The sandbox's own proxy is the only way out, and stays.
    HTTPS_PROXY: "http://sandbox.example.com:3128",
  });
  for (const name of ["GCE_METADATA_HOST", "GATEHOUSE_HELPER", "NODE_OPTIONS"]) {
    expect(environment, name).not.toHaveProperty(name);
  }
  expect(JSON.stringify(environment)).not.toContain("NONCE");
});

test("client certificates are off by the socket too", async () => {
  const { environment } = await choose({ socket: true });
  expect(environment).toMatchObject({
    CLOUDSDK_CONTEXT_AWARE_USE_CLIENT_CERTIFICATE: "false",
    GOOGLE_API_USE_CLIENT_CERTIFICATE: "false",
  });
});

test("where loopback is reached and nobody chose, the proxy is the way, and nothing is said", async () => {
  const { environment, said } = await choose({});
  expect(said).toBe("");
  expect(environment["HTTPS_PROXY"]).toMatch(/^http:\/\/gatehouse:NONCE@127\.0\.0\.1:/);
  expect(environment).not.toHaveProperty("GOOGLE_APPLICATION_CREDENTIALS");
});

test("the domain that the server has is the way that was asked for", async () => {
  const variables = { GOOGLE_CLOUD_UNIVERSE_DOMAIN: "gw.example.com" };
  const { environment } = await choose({ universe: true }, { variables });
  expect(environment).toMatchObject({ ...variables, GATEHOUSE_SOCKET: "/run/helper.sock" });
});
