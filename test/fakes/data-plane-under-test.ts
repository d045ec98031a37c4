import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect as netConnect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TLSSocket, connect as tlsConnect } from "node:tls";
import { Agent } from "undici";
import { onTestFinished } from "vitest";
import { z } from "zod";
import { type DataPlane, type DataPlanePorts, openDataPlane, type UniverseListenOptions } from "#gateway";
import type { AuthenticationRefusal, Caller } from "#identity";
import { type CertificateAuthority, openCertificateAuthority } from "#keys";
import { systemClock } from "#lib/clock";
import { placeholderFor, planMasking } from "#masking";
import type { Decision, PolicyInput } from "#policy";
import { createLogger } from "#telemetry";
import { callerOf, type ListedAuthenticator, listedAuthenticator } from "./listed-authenticator.ts";
import { type ManualApprovalDesk, manualApprovalDesk } from "./manual-approval-desk.ts";
import { type MemoryAuditLog, memoryAuditLog } from "./memory-audit-log.ts";
import { type Script, type ScriptedUpstream, scriptedUpstream } from "./scripted-upstream.ts";
import { type SingleConnection, singleConnection } from "./single-connection.ts";
import { operationOf, type Route, smallCatalogue } from "./small-catalogue.ts";

export const upstreamToken = "practice-upstream-credential-canary/+=42";
export const host = "storage.googleapis.com";

/** A real data plane between a scripted upstream and a test that plays everyone else. */
export interface DataPlaneUnderTest {
  readonly plane: DataPlane;
  readonly ports: DataPlanePorts;
  readonly upstream: ScriptedUpstream;
  readonly audit: MemoryAuditLog;
  readonly desk: ManualApprovalDesk;
  readonly connection: SingleConnection;
  readonly authenticator: ListedAuthenticator;
  readonly authority: CertificateAuthority;
  readonly log: string[];
  /** What the policies say from now on. */
  decide(decision: (input: PolicyInput) => Decision): void;
  /** A TCP connection to the listener. */
  dial(): Promise<Socket>;
  /** A decrypted connection inside a tunnel; session `ses_1` unless told. */
  tunnel(options?: TunnelOptions): Promise<TLSSocket>;
  /** One request through a tunnel of its own. */
  send(request: ClientRequest): Promise<ClientAnswer>;
  /** One request in the endpoint prefix form. */
  sendByPrefix(request: ClientRequest): Promise<ClientAnswer>;
  close(): Promise<void>;
}

export interface TunnelOptions {
  readonly host?: string;
  readonly token?: string;
  readonly servername?: string;
}

export interface ClientRequest {
  readonly method?: string;
  readonly target: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  readonly socket?: Socket;
  readonly signal?: AbortSignal;
}

export interface ClientAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
  readonly interim: number[];
}

export interface Setting {
  readonly routes?: readonly Route[];
  readonly tokens?: Record<string, Caller | AuthenticationRefusal>;
  readonly script?: Script;
  readonly ports?: Partial<DataPlanePorts>;
  readonly universe?: UniverseListenOptions;
}

export const routes: readonly Route[] = [
  { method: "GET", path: /^\/storage\/v1\/b\//, operation: operationOf("storage.buckets.get") },
  {
    method: "GET",
    path: /^\/download\/storage\/v1\//,
    operation: operationOf("storage.objects.get", { flags: ["media"] }),
  },
  {
    method: "POST",
    path: /^\/upload\/storage\/v1\//,
    operation: operationOf("storage.objects.insert", { class: "write", flags: ["media"] }),
  },
  {
    method: "PUT",
    path: /^\/bucket\/[^?]+$/,
    operation: operationOf("storage.objects.insert", { class: "write", flags: ["media"] }),
  },
  { method: "HEAD", path: /^\/storage\/v1\/b\//, operation: operationOf("storage.buckets.head") },
  {
    method: "POST",
    path: /^\/storage\/v1\/b/,
    operation: operationOf("storage.buckets.insert", { class: "write" }),
  },
  {
    method: "DELETE",
    path: /^\/storage\/v1\/b\//,
    operation: operationOf("storage.buckets.delete", { class: "destructive" }),
  },
  {
    method: "POST",
    path: /^\/storage\/v1\/generateUploadUrl/,
    operation: operationOf("storage.functions.generateUploadUrl", {
      class: "write",
      capabilityField: "uploadUrl",
    }),
  },
];

export function decision(effect: Decision["effect"], more: Partial<Decision> = {}): Decision {
  const requirement = {
    policy: "production",
    rule: "destroy",
    groups: ["sre"],
    approvals: 1,
    each: 0,
    decideWithinMs: 1_800_000,
    executeWithinMs: 600_000,
  };
  return {
    effect,
    reasons: [{ policy: "production", rule: "rule", effect, message: undefined }],
    approvals: effect === "require_approval" ? [requirement] : [],
    observed: [],
    policyVersion: "policy-1",
    ...more,
  };
}

/** A data plane that is closed when the test is over. */
export async function bench(setting?: Setting): Promise<DataPlaneUnderTest> {
  const made = await dataPlaneUnderTest(setting);
  onTestFinished(() => made.close());
  return made;
}

const googleError = z.object({
  error: z.object({
    code: z.number(),
    status: z.string(),
    message: z.string(),
    errors: z.array(z.object({ message: z.string(), domain: z.string(), reason: z.string() })),
    details: z.tuple([z.object({ reason: z.string(), domain: z.string() })]).rest(z.unknown()),
  }),
});

/** A refusal as Google's clients read it; fails on anything else. */
export function errorOf({ text }: Pick<ClientAnswer, "text">) {
  const { error } = googleError.parse(JSON.parse(text));
  return { ...error, reason: error.details[0].reason };
}

export async function dataPlaneUnderTest(setting: Setting = {}): Promise<DataPlaneUnderTest> {
  const directory = mkdtempSync(join(tmpdir(), "gatehouse-plane-"));
  const upstream = await scriptedUpstream(setting.script);
  const audit = memoryAuditLog();
  const desk = manualApprovalDesk();
  const connection = singleConnection(upstream.url, upstreamToken);
  const authenticator = listedAuthenticator({ "token-1": callerOf("ses_1"), ...setting.tokens });
  const authority = await openCertificateAuthority({ directory, clock: systemClock });
  const dispatcher = new Agent({ allowH2: false, pipelining: 1 });
  const log: string[] = [];
  const rules = { fields: [], names: [], patterns: [], version: "" };
  let decide: (input: PolicyInput) => Decision = () => decision("allow");
  const sha256 = (...parts: (string | Uint8Array)[]): string => {
    const hash = createHash("sha256");
    for (const part of parts) hash.update(`${part.length}:`).update(part);
    return hash.digest("hex");
  };
  const ports: DataPlanePorts = {
    catalogue: smallCatalogue(setting.routes ?? routes),
    authenticator,
    connections: connection,
    decide: (input) => decide(input),
    approvals: desk,
    approvalKeys: {
      fingerprint: ({ method, host, target }, body) => sha256(method, host, target, body),
      matchKey: ({ call }, body) => sha256(call.operation.id, call.resource.name, body),
    },
    approvalUrl: (id) => `https://gatehouse.example.com/a/${id}`,
    masking: {
      plan: (subject) => planMasking(rules, subject),
      placeholder: (session, resource) => placeholderFor(Buffer.from(session.padEnd(32)), resource),
    },
    audit,
    authority,
    upstream: () => dispatcher,
    clock: systemClock,
    log: createLogger("debug", { write: (line) => log.push(line) }),
    ...setting.ports,
  };
  const plane = await openDataPlane(ports, { host: "127.0.0.1", port: 0 }, setting.universe);

  const dial = async (): Promise<Socket> => {
    const socket = netConnect(plane.port, "127.0.0.1");
    await new Promise((done, failed) => socket.once("connect", done).once("error", failed));
    socket.on("error", () => undefined);
    return socket;
  };
  const tunnel = async (options: TunnelOptions = {}): Promise<TLSSocket> => {
    const to = options.host ?? host;
    const socket = await dial();
    const credentials = Buffer.from(`agent:${options.token ?? "token-1"}`).toString("base64");
    socket.write(
      `CONNECT ${to}:443 HTTP/1.1\r\nHost: ${to}:443\r\nProxy-Authorization: basic ${credentials}\r\n\r\n`,
    );
    const reply = await new Promise<string>((done) => socket.once("data", (chunk) => done(String(chunk))));
    if (!reply.startsWith("HTTP/1.1 200 ")) throw new Error(`CONNECT refused: ${reply}`);
    const secure = tlsConnect({
      socket,
      servername: options.servername ?? to,
      ca: authority.certificatePem,
      checkServerIdentity: () => undefined,
    });
    await new Promise((done, failed) => secure.once("secureConnect", done).once("error", failed));
    secure.on("error", () => undefined);
    return secure;
  };

  return {
    plane,
    ports,
    upstream,
    audit,
    desk,
    connection,
    authenticator,
    authority,
    log,
    decide: (next) => {
      decide = next;
    },
    dial,
    tunnel,
    send: async (request) => exchange({ ...request, socket: request.socket ?? (await tunnel()) }, { host }),
    sendByPrefix: async (request) =>
      exchange({ ...request, socket: request.socket ?? (await dial()) }, { host: `127.0.0.1:${plane.port}` }),
    close: async () => {
      await plane.close({ graceMs: 0 });
      await dispatcher.destroy();
      await upstream.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** One exchange over a connection that is open already. */
function exchange(
  { socket, method = "GET", target, headers = {}, body, signal }: ClientRequest,
  own: Record<string, string>,
): Promise<ClientAnswer> {
  return new Promise((resolve, reject) => {
    const interim: number[] = [];
    const request = httpRequest({
      method,
      path: target,
      headers: { ...own, ...headers },
      ...(signal === undefined ? {} : { signal }),
      createConnection: () => {
        if (socket === undefined) throw new Error("no connection");
        return socket;
      },
    });
    request.on("error", reject);
    request.on("information", ({ statusCode }) => interim.push(statusCode));
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString("utf8"),
          interim,
        }),
      );
    });
    request.end(body);
  });
}

/** Everything a raw connection says until it closes, or until `isDone`. */
export function readUntil(socket: Socket, isDone: (text: string) => boolean = () => false): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const done = (): void => resolve(text);
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (isDone(text)) done();
    });
    socket.once("close", done);
    socket.once("error", done);
    socket.once("end", done);
  });
}
