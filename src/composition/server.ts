import type { SinkState } from "#api";
import { openApprovalDesk } from "#approvals";
import type { NewEntry } from "#audit";
import { loadCatalogue } from "#catalogue";
import { type Configuration, urlOfListener } from "#config";
import { openConnections } from "#connections";
import { openControlPlane } from "#control";
import { openDataPlane } from "#gateway";
import { openIdentity, type SessionFinding } from "#identity";
import { openCertificateAuthority, openPlaceholderKey, openSealingKey, openTokenKey } from "#keys";
import { systemClock as clock } from "#lib/clock";
import { systemTimer as timer } from "#lib/timer";
import type { SinkStatus, Sinks } from "#sinks";
import { createLogger, type Logger } from "#telemetry";
import {
  approvalStore,
  loginStore,
  sessionStore,
  signOutStore,
  spentAssertions,
} from "../storage/stores/index.ts";
import { openArchive } from "./archive.ts";
import { connectionOf, liveRoles } from "./configured.ts";
import { openConfiguredProviders } from "./configured-providers.ts";
import { openServerCustody } from "./custody.ts";
import { exchangeReader } from "./exchange-reader.ts";
import { connectionEntry, recordApproval, sessionEntry } from "./facts.ts";
import { gatewayPorts } from "./gateway-ports.ts";
import { listenOptions, universeOptions } from "./listen-options.ts";
import { openLiveConfiguration } from "./live-configuration.ts";
import { openLiveMasking, openLivePolicies } from "./live-rules.ts";
import { type Memory, openMemory } from "./memory.ts";
import { changePreparer, exchangeable } from "./prepared-change.ts";
import { describeServer } from "./server-description.ts";
import { openTelling } from "./telling.ts";
import { openWitnesses } from "./witnesses.ts";

export interface RunningServer {
  readonly controlUrl: string;
  readonly proxyUrl: string;
  /** Where metrics are; `undefined` when they are off. */
  readonly metricsPort: number | undefined;
  /** Where names of the gateway's own domain are answered, if they are. */
  readonly universePort: number | undefined;
  /** Rejects when the server cannot go on: the audit log has stopped. */
  readonly failed: Promise<never>;
  /** Drains: running exchanges finish or are recorded as unfinished, then everything closes in reverse order. */
  close(): Promise<void>;
}

export interface ServerOptions {
  readonly isQuiet: boolean;
  /** The file the configuration came from; followed while the server runs. */
  readonly file?: string;
}

/** Exchanges under way get this long to finish when the server stops. */
const drainMs = 10_000;

/**
 * Builds the server from its parts: first what remembers, then what decides, then the two listeners. If a later part
 * fails, what was opened is closed again. Throws a GatehouseError whose message says what to do.
 */
export async function startServer(
  configuration: Configuration,
  options: ServerOptions,
): Promise<RunningServer> {
  const opened = new AsyncDisposableStack();
  try {
    const log = createLogger(options.isQuiet ? "silent" : "info");
    const kept = await openMemory(configuration, log, opened);
    await kept.audit.append({ kind: "server.start" });
    const telling = await openTelling(configuration, { memory: kept, log, opened });
    const memory = { ...kept, audit: telling.audit, readiness: telling.readiness };
    const surroundings = { memory, log, opened, inForce: heldConfiguration(configuration) };
    const { prepare, ...server } = await openPlanes(configuration, { ...surroundings, sinks: telling.sinks });
    if (options.file !== undefined) await follow(options.file, prepare, surroundings);
    const { metricsPort } = telling;
    return { ...server, metricsPort, failed: memory.failed, close: () => opened.disposeAsync() };
  } catch (error) {
    await opened.disposeAsync();
    throw error;
  }
}

interface Surroundings {
  readonly memory: Memory;
  readonly log: Logger;
  readonly opened: AsyncDisposableStack;
  readonly inForce: HeldConfiguration;
}

/** What is in force of the configuration. Parts that follow it ask each time. */
interface HeldConfiguration {
  get(): Configuration;
  set(next: Configuration): void;
}

function heldConfiguration(first: Configuration): HeldConfiguration {
  let held = first;
  return {
    get: () => held,
    set: (next) => {
      held = next;
    },
  };
}

async function follow(
  file: string,
  prepare: ReturnType<typeof changePreparer>,
  { memory, log, opened, inForce }: Surroundings,
): Promise<void> {
  const record = recorder(memory);
  const live = await openLiveConfiguration({ file, inForce: inForce.get, prepare, record, log });
  opened.defer(() => live.close());
}

function recorder({ audit }: Memory): (entry: NewEntry) => Promise<void> {
  return async (entry) => {
    await audit.append(entry);
  };
}

async function openPlanes(
  configuration: Configuration,
  surroundings: Surroundings & { readonly sinks: Sinks },
) {
  const { memory, log, opened, sinks } = surroundings;
  const { audit, folder } = memory;
  const controlUrl = urlOfListener(configuration.control);
  const catalogue = loadCatalogue();
  const authority = await openCertificateAuthority({ directory: folder.keys, clock });
  const deciders = await openDeciders(configuration, surroundings, controlUrl);
  const { identity, approvals } = deciders;

  const gateway = gatewayPorts({
    ...deciders,
    catalogue,
    authenticator: identity.authenticator,
    audit,
    authority,
    placeholderKey: await openPlaceholderKey(folder.placeholderKey),
    controlUrl,
    clock,
    log,
  });
  opened.defer(() => gateway.close());
  const dataPlane = await openDataPlane(
    gateway.ports,
    listenOptions(configuration.proxy, opened, log),
    universeOptions(configuration.universe, opened, log),
  );
  opened.defer(() => dataPlane.close({ graceMs: drainMs }));

  const witnesses = await openWitnesses(configuration.witnesses, { ...memory, log }, opened);
  const archive = await openArchive(configuration.archive, { ...memory, log }, opened);
  const custody = await openServerCustody(configuration, memory, { sessions: identity.sessions, log });
  opened.defer(() => custody.close());

  const controlPlane = await openControlPlane({
    url: controlUrl,
    listen: listenOptions(configuration.control, opened, log),
    serverInfo: describeServer(surroundings.inForce.get, {
      controlUrl,
      proxyUrl: dataPlane.url,
      authority,
      verifierKey: audit.verifierKey,
    }),
    identity,
    approvals,
    catalogue,
    auditLog: audit,
    exchanges: exchangeReader(memory.reader),
    ownSessions: configuration.audit.own_sessions,
    entries: memory.entries,
    custody,
    publishedLog: memory.publishedLog,
    readiness: async () => [...(await memory.readiness()), ...witnesses(), ...archive()],
    sinks: { ...sinks, status: () => sinks.status().map(sinkState) },
    clock,
    log,
  });
  opened.defer(() => controlPlane.close());
  const record = recorder(memory);
  const prepare = changePreparer({ ...deciders, inForce: surroundings.inForce, record, log });
  return { controlUrl, proxyUrl: dataPlane.url, universePort: dataPlane.universePort, prepare };
}

/** Everything that has a say in what may happen, each telling the audit log what it did. */
async function openDeciders(configuration: Configuration, surroundings: Surroundings, controlUrl: string) {
  const { memory, log, opened, inForce } = surroundings;
  const { database, folder } = memory;
  const record = recorder(memory);

  const connections = openConnections({ connections: configuration.connections.map(connectionOf), clock });
  opened.defer(() => connections.close());
  connections.onChange((change) => {
    // The call that noticed goes on: its own intent is recorded, or it is refused.
    record(connectionEntry(change)).catch((error: unknown) =>
      log.error({ err: error }, "key rotation not recorded"),
    );
  });

  const rules = { record, log };
  const policies = exchangeable(
    await openLivePolicies(configuration.policies, configuration.protected, rules),
  );
  opened.defer(() => policies.close());
  const masking = exchangeable(await openLiveMasking(configuration.masking, rules));
  opened.defer(() => masking.close());

  const providers = openConfiguredProviders(inForce.get);
  opened.defer(() => providers.close());
  const first = providers.prepare(configuration);
  const identity = await openIdentity({
    ...first.providers,
    spentAssertions: spentAssertions(database, clock),
    loginStore: loginStore(database),
    signOutStore: signOutStore(database, clock),
    roleGroups: liveRoles(inForce.get),
    controlUrl,
    signer: await openTokenKey(folder.tokenKey),
    store: sessionStore(database),
    clock,
    timer,
    knowsConnection: (name) => connections.find(name) !== undefined,
    onFact: (fact) => record(sessionEntry(fact)),
  });
  opened.defer(() => identity.close());
  first.retireOthers();

  const approvals = await openApprovalDesk({
    store: approvalStore(database),
    sealer: await openSealingKey(folder.sealingKey),
    clock,
    timer,
    wasStopped: async (sessionId) => isStopped(await identity.sessions.find(sessionId)),
    connectionVersion: (name) => connections.versionOf(name),
    onFact: (fact) => recordApproval(fact, record),
    onFailure: (error) => log.error({ err: error }, "approval desk"),
  });
  opened.defer(() => approvals.close());
  return { connections, policies, masking, providers, identity, approvals };
}

/** `undefined` is no JSON. */
function sinkState({ problem, ...status }: SinkStatus): SinkState {
  return { ...status, ...(problem === undefined ? {} : { problem }) };
}

function isStopped(finding: SessionFinding): boolean {
  return finding.kind !== "unknown" && finding.session.stoppedAt !== undefined;
}
