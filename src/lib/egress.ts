import { lookup as dnsLookup, type LookupAddress } from "node:dns";
import { once } from "node:events";
import { isIP, type LookupFunction } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import ipaddr from "ipaddr.js";
import { Agent, buildConnector, type Dispatcher, request } from "undici";
import { discard, readCapped } from "./capped-body.ts";
import { GatehouseError, messageOf } from "./errors.ts";
import { limits } from "./limits.ts";

/** Where Gatehouse may connect to. One guard for everything we dial; sockets are never shared between two guards. */
export interface Egress {
  /** HTTP/1.1 only, no pipelining, no redirects. Each name is resolved once and the vetted address is dialled. */
  readonly dispatcher: Dispatcher;
  /** Breaks off what is under way. */
  close(): Promise<void>;
  /** Takes nothing new, and resolves once what is under way has ended. */
  finish(): Promise<void>;
}

export interface EgressFences {
  /** Whether `localhost` and loopback literals may be dialled, http included. A public name never leads to loopback. */
  readonly allowLoopback: boolean;
  /** Host names whose addresses may be private, single addresses, or networks in CIDR notation. */
  readonly allowHosts?: readonly string[];
  /** PEM certificates of the only authorities that count here; the public ones without it. */
  readonly authorities?: string;
}

/** Answers with every address of a name; tests replace it. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

export function createEgress(fences: EgressFences, resolve: Resolve = resolveBySystem): Egress {
  const guard = parseFences(fences);
  const dispatcher = new Agent({
    connect: guardedConnect(guard, resolve, fences.authorities),
    allowH2: false,
    pipelining: 1,
    connections: limits.upstreamSocketsPerOriginMax,
    maxHeaderSize: limits.upstreamHeaderBytesMax,
    headersTimeout: limits.upstreamHeadersTimeoutMs,
    bodyTimeout: limits.upstreamIdleTimeoutMs,
  });
  return { dispatcher, close: () => dispatcher.destroy(), finish: () => dispatcher.close() };
}

/**
 * Fetches one JSON document, e.g. discovery or JWKS. Anything but 200 is refused, redirects included, and so is an
 * answer that is encoded, too large, too slow or not JSON. Rejects with a GatehouseError: `egress_refused`, `fetch_failed`.
 */
export async function fetchJsonGuarded(
  url: URL,
  options: { egress: Egress; bytesMax: number; timeoutMs: number; signal?: AbortSignal },
): Promise<unknown> {
  const deadline = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]);
  const name = url.origin + url.pathname;
  try {
    const answer = await request(url, {
      dispatcher: options.egress.dispatcher,
      signal,
      headers: { accept: "application/json", "accept-encoding": "identity" },
    });
    return parseJson(await jsonBytes(answer, options.bytesMax, name), name);
  } catch (error) {
    if (error instanceof GatehouseError) throw error;
    const why = deadline.aborted ? `no answer within ${options.timeoutMs} ms` : messageOf(error);
    throw new GatehouseError("fetch_failed", `Cannot fetch ${name}: ${why}`, { cause: error });
  }
}

export interface GuardedTls {
  readonly host: string;
  readonly port: number;
  /** PEM; instead of the well-known authorities. */
  readonly ca?: string;
}

/**
 * A TLS connection for what is no HTTP, dialled under the same guard: the certificate must be `host`'s. Rejects with
 * `egress_refused`, or `call_failed` when there is no such connection to be had.
 */
export async function connectTlsGuarded(
  { host, port, ca }: GuardedTls,
  options: { readonly fences: EgressFences; readonly signal: AbortSignal },
  resolve: Resolve = resolveBySystem,
): Promise<TLSSocket> {
  const guard = parseFences(options.fences);
  const hostname = canonicalName(host);
  const why = objection(guard, hostname, "https:");
  if (why !== undefined) throw refusal(hostname, why);
  options.signal.throwIfAborted();
  const socket = connectTls({
    host: hostname,
    port,
    minVersion: "TLSv1.2",
    lookup: guardedLookup(guard, resolve),
    // RFC 6066 section 3: an address is no server name.
    ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
    ...(ca === undefined ? {} : { ca }),
  });
  const deadline = AbortSignal.any([options.signal, AbortSignal.timeout(limits.egressConnectTimeoutMs)]);
  try {
    await once(socket, "secureConnect", { signal: deadline });
    return socket;
  } catch (error) {
    socket.on("error", () => undefined).destroy();
    if (error instanceof GatehouseError) throw error;
    throw new GatehouseError("call_failed", `Cannot reach ${hostname}:${port}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function jsonBytes(
  { statusCode, headers, body }: Dispatcher.ResponseData,
  bytesMax: number,
  name: string,
): Promise<Uint8Array> {
  const refuse = (why: string): never => {
    discard(body);
    throw new GatehouseError("fetch_failed", `Cannot fetch ${name}: ${why}`);
  };
  if (statusCode !== 200) return refuse(`it answered ${statusCode}`);
  if ((headers["content-encoding"] ?? "identity") !== "identity") return refuse("the answer is encoded");
  return (await readCapped(body, bytesMax)) ?? refuse(`the answer is larger than ${bytesMax} bytes`);
}

function parseJson(bytes: Uint8Array, name: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    throw new GatehouseError("fetch_failed", `Cannot fetch ${name}: the answer is not JSON`, {
      cause: error,
    });
  }
}

type Address = ReturnType<typeof ipaddr.parse>;

interface Guard {
  readonly allowLoopback: boolean;
  readonly names: ReadonlySet<string>;
  readonly networks: readonly [Address, number][];
}

function parseFences(fences: EgressFences): Guard {
  const names = new Set<string>();
  const networks: [Address, number][] = [];
  for (const entry of fences.allowHosts ?? []) {
    if (ipaddr.isValidCIDR(entry)) networks.push(ipaddr.parseCIDR(entry));
    else if (isIP(entry) !== 0) networks.push(ipaddr.parseCIDR(`${entry}/${isIP(entry) === 4 ? 32 : 128}`));
    else names.add(canonicalName(entry));
  }
  return { allowLoopback: fences.allowLoopback, names, networks };
}

function canonicalName(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "");
}

/** Names that clouds give their metadata servers. Refused before resolution: no list in a configuration lifts it. */
const metadataNames: ReadonlySet<string> = new Set(["metadata.google.internal", "metadata", "metadata.goog"]);

/** What no configuration lifts: link-local networks and the metadata addresses outside them. */
const neverNetworks: readonly [Address, number][] = [
  "169.254.0.0/16",
  "fe80::/10",
  "fd00:ec2::254/128",
  "fd20:ce::254/128",
  "100.100.100.200/32",
  // Another spelling of an IPv4 address: whatever list was written for one form would miss the other.
  "::ffff:0:0/96",
].map((network) => ipaddr.parseCIDR(network));

/** The space IANA has opened for global unicast; ipaddr.js calls all unassigned space "unicast", `::/96` included. */
const globalUnicast6 = ipaddr.parseCIDR("2000::/3");

/** Whether `address`, found for `hostname`, may be dialled. Judged by its bits, never by its spelling. */
function mayDial(guard: Guard, hostname: string, address: string): boolean {
  if (isIP(address) === 0) return false;
  const parsed = ipaddr.parse(address);
  const isIn = ([network, bits]: readonly [Address, number]): boolean =>
    network.kind() === parsed.kind() && parsed.match([network, bits]);
  if (neverNetworks.some(isIn)) return false;
  if (guard.networks.some(isIn) || guard.names.has(hostname)) return true;
  if (parsed.range() === "loopback") return guard.allowLoopback && namesLoopback(hostname);
  return parsed.range() === "unicast" && (parsed.kind() === "ipv4" || isIn(globalUnicast6));
}

/** A public name that resolves to this machine is DNS rebinding; only a name that says loopback may lead there. */
function namesLoopback(hostname: string): boolean {
  if (hostname === "localhost" || hostname.endsWith(".localhost")) return true;
  return isIP(hostname) !== 0 && ipaddr.parse(hostname).range() === "loopback";
}

/** Cleartext goes only where configuration said so by name, or stays on this machine. */
function mayUseCleartext(guard: Guard, hostname: string): boolean {
  return guard.names.has(hostname) || (guard.allowLoopback && namesLoopback(hostname));
}

function refusal(hostname: string, why: string): GatehouseError {
  return new GatehouseError(
    "egress_refused",
    `Gatehouse does not connect to ${hostname}: ${why}. If it should, list the host in the configuration.`,
  );
}

/**
 * The connector of undici, fenced. The check sits inside the lookup that the socket itself uses, so the address that
 * was judged is the address that is dialled, while SNI, certificate check and Host keep the original name.
 */
function guardedConnect(
  guard: Guard,
  resolve: Resolve,
  authorities: string | undefined,
): buildConnector.connector {
  const connect = buildConnector({
    allowH2: false,
    timeout: limits.egressConnectTimeoutMs,
    lookup: guardedLookup(guard, resolve),
    ...(authorities === undefined ? {} : { ca: authorities }),
  });
  return (options, callback) => {
    const hostname = canonicalName(options.hostname);
    const why = objection(guard, hostname, options.protocol);
    if (why === undefined) connect({ ...options, hostname }, callback);
    else process.nextTick(() => callback(refusal(hostname, why), null));
  };
}

/** What can be said before resolution; sockets skip the lookup for literal addresses, so those are judged here. */
function objection(guard: Guard, hostname: string, protocol: string): string | undefined {
  if (metadataNames.has(hostname)) return "it is a metadata server";
  if (protocol !== "https:" && !mayUseCleartext(guard, hostname)) return "only https leaves this machine";
  if (isIP(hostname) !== 0 && !mayDial(guard, hostname, hostname)) return "the address is not public";
  return undefined;
}

function guardedLookup(guard: Guard, resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    const name = canonicalName(hostname);
    resolve(hostname).then(
      (addresses) => {
        const [first] = addresses;
        // One bad address among good ones is how rebinding looks: the whole answer is refused.
        const isFit = addresses.every(({ address }) => mayDial(guard, name, address));
        if (first === undefined) callback(refusal(name, "the name has no address"), []);
        else if (!isFit) callback(refusal(name, "it resolves to an address that is not public"), []);
        else if (options.all === true) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), []),
    );
  };
}

function resolveBySystem(hostname: string): Promise<readonly LookupAddress[]> {
  return new Promise((resolve, reject) => {
    dnsLookup(hostname, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });
}
