import { openApprovalDesk } from "#approvals";
import { loadCatalogue } from "#catalogue";
import type { Configuration } from "#config";
import { openConnections } from "#connections";
import { openControlPlane } from "#control";
import { openDataPlane } from "#gateway";
import { guardedNetwork, type Network, openIdentity, type SessionFinding } from "#identity";
import { openCertificateAuthority, openPlaceholderKey, openSealingKey, openTokenKey } from "#keys";
import { systemClock as clock } from "#lib/clock";
import { createEgress } from "#lib/egress";
import { systemTimer as timer } from "#lib/timer";
import { createLogger, type Logger } from "#telemetry";
import { approvalStore, loginStore, sessionStore, spentAssertions } from "../storage/stores/index.ts";
import { connectionOf, issuerSettings, samlSettings } from "./configured.ts";
import { exchangeReader } from "./exchange-reader.ts";
import { approvalEntry, connectionEntry, sessionEntry } from "./facts.ts";
import { gatewayPorts } from "./gateway-ports.ts";
import { openLiveMasking, openLivePolicies } from "./live-rules.ts";
import { type Memory, openMemory } from "./memory.ts";
import { describeServer } from "./server-description.ts";

export interface RunningServer {
  readonly controlUrl: string;
  readonly proxyUrl: string;
  /** Rejects when the server cannot go on: the audit log has stopped. */
  readonly failed: Promise<never>;
  /** Drains: running exchanges finish or are recorded as unfinished, then everything closes in reverse order. */
  close(): Promise<void>;
}

/** Exchanges under way get this long to finish when the server stops. */
const drainMs = 10_000;

/**
 * Builds the server from its parts: first what remembers, then what decides, then the two listeners. If a later part
 * fails, what was opened is closed again. Throws a GatehouseError whose message says what to do.
 */
export async function startServer(
  configuration: Configuration,
  options: { readonly isQuiet: boolean },
): Promise<RunningServer> {
  const opened = new AsyncDisposableStack();
  try {
    const log = createLogger(options.isQuiet ? "silent" : "info");
    const memory = await openMemory(configuration, log, opened);
    await memory.audit.append({ kind: "server.start" });
    const server = await openPlanes(configuration, { memory, log, opened });
    return { ...server, failed: memory.failed, close: () => opened.disposeAsync() };
  } catch (error) {
    await opened.disposeAsync();
    throw error;
  }
}

interface Surroundings {
  readonly memory: Memory;
  readonly log: Logger;
  readonly opened: AsyncDisposableStack;
}

async function openPlanes(configuration: Configuration, { memory, log, opened }: Surroundings) {
  const { audit, folder } = memory;
  const controlUrl = urlOf(configuration.control);
  const catalogue = loadCatalogue();
  const authority = await openCertificateAuthority({ directory: folder.keys, clock });
  const deciders = await openDeciders(configuration, { memory, log, opened }, controlUrl);
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
  const dataPlane = await openDataPlane(gateway.ports, configuration.proxy);
  opened.defer(() => dataPlane.close({ graceMs: drainMs }));

  const controlPlane = await openControlPlane({
    url: controlUrl,
    listen: configuration.control,
    serverInfo: describeServer(configuration, {
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
    publishedLog: memory.publishedLog,
    readiness: memory.readiness,
    clock,
    log,
  });
  opened.defer(() => controlPlane.close());
  return { controlUrl, proxyUrl: dataPlane.url };
}

/** Everything that has a say in what may happen, each telling the audit log what it did. */
async function openDeciders(configuration: Configuration, surroundings: Surroundings, controlUrl: string) {
  const { memory, log, opened } = surroundings;
  const { audit, database, folder } = memory;
  const record = async (entry: Parameters<typeof audit.append>[0]): Promise<void> => {
    await audit.append(entry);
  };

  const connections = openConnections({ connections: configuration.connections.map(connectionOf), clock });
  opened.defer(() => connections.close());
  connections.onChange((change) => {
    // The call that noticed goes on: its own intent is recorded, or it is refused.
    record(connectionEntry(change)).catch((error: unknown) =>
      log.error({ err: error }, "key rotation not recorded"),
    );
  });

  const policies = await openLivePolicies(configuration.policies, configuration.protected, { audit, log });
  opened.defer(() => policies.close());
  const masking = await openLiveMasking(configuration.masking, { audit, log });
  opened.defer(() => masking.close());

  const issuers = issuerSettings(configuration);
  const identity = await openIdentity({
    issuers,
    samlProviders: samlSettings(configuration),
    spentAssertions: spentAssertions(database, clock),
    loginStore: loginStore(database),
    roleGroups: configuration.identity.roles,
    controlUrl,
    signer: await openTokenKey(folder.tokenKey),
    store: sessionStore(database),
    networkOf: networks(opened),
    clock,
    timer,
    knowsConnection: (name) => connections.find(name) !== undefined,
    onFact: (fact) => record(sessionEntry(fact)),
  });
  opened.defer(() => identity.close());

  const approvals = await openApprovalDesk({
    store: approvalStore(database),
    sealer: await openSealingKey(folder.sealingKey),
    clock,
    timer,
    wasStopped: async (sessionId) => isStopped(await identity.sessions.find(sessionId)),
    onFact: (fact) => record(approvalEntry(fact)),
    onFailure: (error) => log.error({ err: error }, "approval desk"),
  });
  opened.defer(() => approvals.close());
  return { connections, policies, masking, identity, approvals };
}

/** One guard for each identity provider, closed with the rest. */
function networks(opened: AsyncDisposableStack): (issuer: string) => Network {
  const known = new Map<string, Network>();
  return (issuer) => {
    const found = known.get(issuer);
    if (found !== undefined) return found;
    const egress = createEgress({ allowLoopback: new URL(issuer).protocol === "http:" });
    opened.defer(() => egress.close());
    const network = guardedNetwork(egress);
    known.set(issuer, network);
    return network;
  };
}

function isStopped(finding: SessionFinding): boolean {
  return finding.kind !== "unknown" && finding.session.stoppedAt !== undefined;
}

function urlOf({ host, port }: Configuration["control"]): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
