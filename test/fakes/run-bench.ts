import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Helper, type PeerCheck, startHelper, TokenSource, tokenEndpoint } from "#agent";
import { Secret } from "#lib/secret";
import { type FakeControlPlane, startFakeControlPlane } from "./control-plane.ts";
import { type FakeGateway, startFakeGateway } from "./gateway.ts";
import { type ManualClock, manualClock } from "./manual-clock.ts";

/** A helper between a fake gateway and a fake control plane, with a user who has nothing configured. */
export interface RunBench {
  readonly gateway: FakeGateway;
  readonly plane: FakeControlPlane;
  readonly clock: ManualClock;
  readonly helper: Helper;
  readonly notices: string[];
  /** The nonce, taken from the child's environment as a client would. */
  readonly nonce: string;
  close(): Promise<void>;
}

export interface RunBenchOptions {
  readonly checkPeer?: PeerCheck;
  readonly environment?: NodeJS.ProcessEnv;
  readonly agent?: string;
}

export const subjectToken = "header.subject-token-of-the-person.signature";

export async function startRunBench(options: RunBenchOptions = {}): Promise<RunBench> {
  const home = mkdtempSync(join(tmpdir(), "run-bench-"));
  const gateway = await startFakeGateway();
  const plane = await startFakeControlPlane({
    proxyUrl: gateway.url,
    caCertificatePem: gateway.authority.certificatePem,
  });
  const clock = manualClock();
  const notices: string[] = [];
  const endpoint = tokenEndpoint({
    url: plane.url,
    subjectToken: new Secret(subjectToken),
    agent: options.agent ?? "test",
    connection: undefined,
  });
  const helper = await startHelper({
    info: plane.info,
    tokens: await TokenSource.open({ endpoint, clock, pause: async () => {} }),
    account: "developer@example.com",
    project: "my-project",
    environment: { HOME: home, PATH: process.env["PATH"], ...options.environment },
    gatehouse: [process.execPath, "gatehouse.mjs"],
    checkPeer: options.checkPeer ?? (() => ({ kind: "same_user" })),
    notice: (sentence) => notices.push(sentence),
  });
  return {
    gateway,
    plane,
    clock,
    helper,
    notices,
    nonce: new URL(helper.environment["HTTPS_PROXY"] ?? "").password,
    close: async () => {
      await helper.close();
      await plane.close();
      await gateway.close();
      rmSync(home, { recursive: true });
    },
  };
}
