import { type ExchangeDetail, exchangeSummary, type ServerInfo, type SinkState } from "#api";
import type { ApprovalDesk, ApprovalRequest, Vote } from "#approvals";
import type { ConsistencyAnswer, EntryQuery, Erasure, ShownEntry } from "#audit";
import type { IdentityParts } from "#identity";
import { type Clock, systemClock } from "#lib/clock";
import { buildControlPlane } from "../../src/control/control-plane.ts";
import type { ControlPlanePorts } from "../../src/control/control-plane-ports.ts";
import { controlUrl, type IdentityUnderTest, identityUnderTest } from "./identity-under-test.ts";
import { type MemoryAuditLog, memoryAuditLog } from "./memory-audit-log.ts";
import { type ScriptedCustody, scriptedCustody } from "./scripted-custody.ts";
import type { FakePerson } from "./token-issuer.ts";

type App = Awaited<ReturnType<typeof buildControlPlane>>;
type Injected = Awaited<ReturnType<App["inject"]>>;

export interface ControlPlaneUnderTest extends IdentityUnderTest {
  readonly app: App;
  readonly ports: ControlPlanePorts;
  readonly audit: MemoryAuditLog;
  readonly custody: ScriptedCustody;
  readonly logged: string[];
  readonly requests: Map<string, ApprovalRequest>;
  readonly votes: { readonly id: string; readonly vote: Omit<Vote, "at">; readonly signedInAt: Date }[];
  readonly waits: { readonly timeoutMs: number; readonly signal: AbortSignal }[];
  /** What the desk answers to a vote. */
  voteOutcome: Awaited<ReturnType<ApprovalDesk["vote"]>> | undefined;
  /** Of whichever session is shown, with what was recorded of them. */
  exchanges: ExchangeDetail[];
  checkpoint: string | undefined;
  /** Entries that are found and shown, and what was asked for. */
  listed: ShownEntry[];
  readonly asked: EntryQuery[];
  /** What became of the recordings of whichever session is shown. */
  erasure: Erasure | undefined;
  /** Files of the published log, and proofs by index. */
  readonly tiles: Map<string, Uint8Array>;
  readonly proofs: Map<number, string>;
  /** Proofs of consistency by old size. */
  readonly consistent: Map<number, ConsistencyAnswer>;
  sinks: SinkState[];
  readonly moved: { readonly name: string; readonly to: number }[];
  isReady: boolean;
  call(method: "GET" | "POST", path: string, options?: CallOptions): Promise<Injected>;
  bearer(client: "agent" | "console", person: FakePerson): Promise<string>;
  /** Opens a session as an agent would: its gateway token and id. */
  openSession(person: FakePerson): Promise<{ token: string; sessionId: string }>;
}

export interface CallOptions {
  readonly bearer?: string | undefined;
  readonly json?: object;
  readonly form?: Record<string, string>;
  readonly headers?: Record<string, string>;
}

const serverInfo: ServerInfo = {
  product: "gatehouse",
  version: "0.1.0",
  controlUrl,
  proxyUrl: "http://127.0.0.1:8441",
  caCertificatePem: "-----BEGIN CERTIFICATE-----\n",
  signIn: {
    issuer: "https://login.example.com",
    agentClientId: "gatehouse-agent",
    consoleClientId: "gatehouse-console",
    isDevelopment: false,
  },
  log: { origin: "gatehouse.example/log", verifierKey: "gatehouse.example/log+00000000+AA" },
};

/** The control plane over the real identity module, without sockets. */
export async function controlPlaneUnderTest(
  changes: Partial<ControlPlanePorts> = {},
  identityChanges?: (clock: Clock) => Promise<Partial<IdentityParts>>,
): Promise<ControlPlaneUnderTest> {
  const identityParts = await identityUnderTest(identityChanges);
  const { identity, issuer, clock } = identityParts;
  const audit = memoryAuditLog();
  const custody = scriptedCustody();
  const logged: string[] = [];
  const log = (facts: object, sentence: string): void =>
    void logged.push(`${sentence} ${JSON.stringify(facts)}`);
  const ports: ControlPlanePorts = {
    url: controlUrl,
    listen: { host: "127.0.0.1", port: 0 },
    serverInfo,
    identity,
    approvals: {
      find: async (id) => under.requests.get(id),
      list: async () => [...under.requests.values()],
      vote: async (id, vote, signedInAt) => {
        under.votes.push({ id, vote, signedInAt });
        const request = under.requests.get(id);
        if (request === undefined) throw new Error("control asks for known requests only");
        return under.voteOutcome ?? { kind: "counted", request: { ...request, state: "approved" } };
      },
      wait: (id, options) => {
        under.waits.push(options);
        const found = under.requests.get(id);
        if (found === undefined) throw new Error("control waits for known requests only");
        return new Promise((resolve) => options.signal.addEventListener("abort", () => resolve(found)));
      },
    },
    catalogue: { operation: () => undefined },
    auditLog: audit,
    exchanges: {
      exchangesOf: async (_, before) => {
        const summaries = under.exchanges.map((each) => exchangeSummary.parse(each));
        const older = summaries.filter(({ id }) => before === undefined || id < before);
        return { exchanges: older, next: undefined };
      },
      exchange: async (_, id) => under.exchanges.find((exchange) => exchange.id === id),
    },
    ownSessions: false,
    entries: {
      find: async (query) => {
        under.asked.push(query);
        return { entries: under.listed, next: undefined };
      },
      show: async (index) => under.listed.find((entry) => entry.index === index),
      erasureOf: async () => under.erasure,
    },
    sinks: {
      status: () => under.sinks,
      move: async (name, to, record) => {
        const found = under.sinks.find((sink) => sink.name === name);
        if (found === undefined || to > found.next + found.lagEntries) return undefined;
        await record(found.next);
        under.moved.push({ name, to });
        return { from: found.next, to };
      },
    },
    custody,
    publishedLog: {
      checkpoint: async () => under.checkpoint,
      read: async (path) => under.tiles.get(path),
      prove: async (index) => under.proofs.get(index),
      consistency: async (oldSize) => under.consistent.get(oldSize),
    },
    readiness: async () => [{ name: "audit log", isReady: under.isReady }],
    clock,
    log: { debug: log, info: log, warn: log, error: log },
    ...changes,
  };
  const under: ControlPlaneUnderTest = {
    ...identityParts,
    app: await buildControlPlane(ports),
    ports,
    audit,
    custody,
    logged,
    requests: new Map(),
    votes: [],
    waits: [],
    voteOutcome: undefined,
    exchanges: [],
    checkpoint: undefined,
    listed: [],
    asked: [],
    erasure: undefined,
    tiles: new Map(),
    proofs: new Map(),
    consistent: new Map(),
    sinks: [],
    moved: [],
    isReady: true,
    call: async (method, path, { bearer, json, form, headers } = {}) =>
      under.app.inject({
        method,
        url: path,
        headers: {
          host: new URL(ports.url).host,
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
          ...(form === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
          ...headers,
        },
        ...(json === undefined ? {} : { payload: json }),
        ...(form === undefined ? {} : { payload: new URLSearchParams(form).toString() }),
      }),
    bearer: (client, person) => issuer.idToken(client, person),
    openSession: async (person) => {
      const answer = await identity.tokenEndpoint.answer({
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        subject_token: await issuer.idToken("agent", person),
        subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
        agent: "cursor",
      });
      if (answer.kind !== "issued") throw new Error(JSON.stringify(answer));
      return { token: answer.accessToken, sessionId: answer.sessionId };
    },
  };
  return under;
}

/** A browser that keeps cookies and follows nothing by itself. */
export interface FakeBrowser {
  readonly cookies: Map<string, string>;
  get(path: string, headers?: Record<string, string>): Promise<Injected>;
  post(path: string, form: Record<string, string>, headers?: Record<string, string>): Promise<Injected>;
  /** Signs in from start to end; returns where it was sent then. */
  signIn(person: FakePerson, start?: string): Promise<string>;
  /** The hidden field of a page. */
  formToken(path: string): Promise<string>;
}

export function fakeBrowser(under: ControlPlaneUnderTest): FakeBrowser {
  const cookies = new Map<string, string>();
  const cookieHeader = (): Record<string, string> =>
    cookies.size === 0 ? {} : { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") };
  const keep = (answer: Injected): Injected => {
    for (const { name, value, maxAge } of answer.cookies) {
      if (value === "" || maxAge === 0) cookies.delete(name);
      else cookies.set(name, value);
    }
    return answer;
  };
  const browser: FakeBrowser = {
    cookies,
    get: async (path, headers) =>
      keep(await under.call("GET", path, { headers: { ...cookieHeader(), ...headers } })),
    post: async (path, form, headers) => {
      const own = { origin: under.ports.url, "sec-fetch-site": "same-origin", ...cookieHeader() };
      return keep(await under.call("POST", path, { form, headers: { ...own, ...headers } }));
    },
    signIn: async (person, start = "/sign-in") => {
      const begun = await browser.get(start);
      const back = under.issuer.signIn(new URL(String(begun.headers.location)), person);
      return String((await browser.get(back.pathname + back.search)).headers.location);
    },
    formToken: async (path) =>
      /name="form_token" value="([^"]+)"/.exec((await browser.get(path)).body)?.[1] ?? "",
  };
  return browser;
}

/** An approval request of the developer's, waiting. */
export function pendingRequest(changes: Partial<ApprovalRequest> = {}): ApprovalRequest {
  const now = systemClock.now().getTime();
  return {
    id: "apr_0199",
    state: "pending",
    fingerprint: "f".repeat(64),
    matchKey: "m",
    exchangeId: "exc_1",
    sessionId: "ses_1",
    requester: {
      id: "developer",
      issuer: "https://login.example.com",
      subject: "sub-of-developer@example.com",
      email: "developer@example.com",
      groups: ["engineering"],
    },
    agent: "cursor",
    connection: "practice",
    connectionVersion: "c",
    operationId: "compute.instances.delete",
    operationClass: "destructive",
    resourceName: "projects/p/zones/z/instances/web-3",
    preview: "DELETE /compute/v1/projects/p/zones/z/instances/web-3",
    requirements: [
      {
        policy: "agents",
        rule: "destroy",
        groups: ["sre"],
        approvals: 1,
        each: 0,
        decideWithinMs: 1_800_000,
        executeWithinMs: 600_000,
      },
    ],
    policyVersion: "v",
    votes: [],
    createdAt: new Date(now),
    decideBy: new Date(now + 1_800_000),
    executeBy: undefined,
    isRecorded: true,
    withdrawnBecause: undefined,
    ...changes,
  };
}
