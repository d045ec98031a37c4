import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ProxyAgent, request } from "undici";
import { z } from "zod";
import { serverInfo, tokenAnswer } from "#api";
import { type QuickStart, type QuickStartOptions, startQuickStart } from "../../src/cli/local/quick-start.ts";
import { openDatabaseForReading, sqliteAuditStore } from "../../src/storage/sqlite/index.ts";

const root = resolve(import.meta.dirname, "../..");

/** What came back from the data plane. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** An agent with a gateway token, speaking to Google the way clients do: CONNECT, TLS, bearer. */
export interface TestAgent {
  readonly token: string;
  readonly refreshToken: string;
  readonly sessionId: string;
  call(
    method: string,
    url: string,
    body?: string | Uint8Array,
    headers?: Record<string, string>,
  ): Promise<Reply>;
  close(): Promise<void>;
}

/** A whole Gatehouse with practice cloud and identity provider, on loopback, in a folder of its own. */
export interface World {
  readonly quickStart: QuickStart;
  readonly folder: string;
  readonly data: string;
  /** A copy of the shipped policies that a test may edit. */
  readonly policies: string;
  /** An ID token of the development identity provider. */
  identityToken(person: string, client?: "gatehouse-agent" | "gatehouse-console"): Promise<string>;
  agent(person?: string): Promise<TestAgent>;
  /** Calls the control plane. */
  control(method: string, path: string, token?: string, json?: unknown): Promise<Reply>;
  /** Stops the gateway and its surroundings; the data folder stays. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

export async function startWorld(change: Partial<QuickStartOptions> = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-world-"));
  const policies = join(folder, "policies");
  cpSync(join(root, "quick-start/policies"), policies, { recursive: true });
  const quickStart = await startQuickStart({
    data: join(folder, "data"),
    policies: [policies],
    masking: [join(root, "quick-start/masking")],
    ports: { control: 0, proxy: 0, provider: 0, cloud: 0 },
    operationMs: 0,
    isQuiet: true,
    ...change,
  });
  const { controlUrl } = quickStart.server;
  const info = serverInfo.parse(await (await fetch(`${controlUrl}/.well-known/gatehouse`)).json());
  const identityToken = (person: string, client = "gatehouse-agent") =>
    signIn(info.signIn.issuer, person, client);
  return {
    quickStart,
    folder,
    data: join(folder, "data"),
    policies,
    identityToken,
    agent: async (person = "developer@example.com") => {
      const exchanged = await exchange(controlUrl, await identityToken(person));
      return { ...exchanged, ...proxied(info.proxyUrl, info.caCertificatePem, exchanged.token) };
    },
    control: (method, path, token, json) => controlCall(`${controlUrl}${path}`, method, token, json),
    stop: () => quickStart.close(),
    close: async () => {
      await quickStart.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The kinds of all entries of a log, in order, read beside the running server. */
export async function entryKinds(data: string): Promise<string[]> {
  const database = await openDatabaseForReading(join(data, "gatehouse.db"));
  try {
    const entries = await sqliteAuditStore(database).entries(0, 100_000);
    return entries.map(
      ({ leaf }) => z.object({ kind: z.string() }).parse(JSON.parse(Buffer.from(leaf).toString())).kind,
    );
  } finally {
    await database.close();
  }
}

async function signIn(issuer: string, person: string, client: string): Promise<string> {
  const answer = await fetch(`${issuer}/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "urn:gatehouse:params:oauth:grant-type:development",
      client_id: client,
      person,
      scope: "openid email profile groups",
    }),
  });
  return z.object({ id_token: z.string() }).parse(await answer.json()).id_token;
}

async function exchange(controlUrl: string, identityToken: string) {
  const answer = await fetch(`${controlUrl}/v1/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: identityToken,
      subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
      agent: "test-agent",
    }),
  });
  const {
    access_token: token,
    refresh_token: refreshToken = "",
    session_id: sessionId,
  } = tokenAnswer.parse(await answer.json());
  return { token, refreshToken, sessionId };
}

function proxied(proxyUrl: string, ca: string, token: string): Pick<TestAgent, "call" | "close"> {
  const dispatcher = new ProxyAgent({ uri: proxyUrl, token: `Bearer ${token}`, requestTls: { ca } });
  return {
    close: () => dispatcher.close(),
    call: async (method, url, body, headers = {}) => {
      const answer = await request(url, {
        method,
        dispatcher,
        headers: { authorization: `Bearer ${token}`, ...headers },
        ...(body === undefined ? {} : { body: Buffer.from(body) }),
      });
      return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
    },
  };
}

async function controlCall(url: string, method: string, token?: string, json?: unknown): Promise<Reply> {
  const answer = await fetch(url, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(json === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  return { status: answer.status, headers: Object.fromEntries(answer.headers), text: await answer.text() };
}
