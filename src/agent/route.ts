import { BlockList, isIP } from "node:net";

/** Where one connection of the child goes. */
export type Route =
  | { readonly kind: "gateway" }
  | { readonly kind: "direct" }
  /** The proxy that would have been used without us. */
  | { readonly kind: "proxy"; readonly url: URL }
  | { readonly kind: "refused"; readonly reason: string };

export interface Target {
  /** Lower case, without brackets or trailing dot; addresses in their one usual form. */
  readonly host: string;
  readonly port: number;
}

/** `host:port` as CONNECT has it (RFC 9112 section 3.2.3); anything else is not understood. */
export function parseTarget(authority: string): Target | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+):(\d{1,5})$/i.exec(authority);
  const host = canonicalHost(match?.[1] ?? "");
  const port = Number(match?.[2]);
  return host === undefined || !(port >= 1 && port <= 65_535) ? undefined : { host, port };
}

/** One spelling for each host, as resolvers see it: `0xa9fea9fe` is an address, and `example.com..` is no name. */
function canonicalHost(written: string): string | undefined {
  const name = written.replace(/\.$/, "");
  const url = `http://${name}/`;
  if (name.split(".").includes("") || !URL.canParse(url)) return undefined;
  return new URL(url).hostname.replace(/^\[|\]$/g, "");
}

export function formatTarget({ host, port }: Target): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

/** Hosts that only the gateway may reach for the agent. */
export function isGoogleHost(host: string): boolean {
  return host === "googleapis.com" || host.endsWith(".googleapis.com") || host === "accounts.google.com";
}

/**
 * On a Google virtual machine these hand out the machine's own credential to anyone who asks. A client that sends
 * metadata calls through its proxy has not understood its environment, and gets nothing here.
 */
const metadataHosts: ReadonlySet<string> = new Set([
  "metadata",
  "metadata.google.internal",
  "metadata.goog",
  "169.254.169.254",
  "::ffff:a9fe:a9fe",
  "fd20:ce::254",
]);

/** What the proxy variables said before we replaced them. */
export interface OriginalProxies {
  readonly https: string | undefined;
  readonly http: string | undefined;
  readonly noProxy: string;
}

export function originalProxies(environment: NodeJS.ProcessEnv): OriginalProxies {
  const read = (name: string): string | undefined =>
    nonEmpty(environment[name]) ?? nonEmpty(environment[name.toUpperCase()]);
  const all = read("all_proxy");
  return {
    https: read("https_proxy") ?? all,
    http: read("http_proxy") ?? all,
    noProxy: read("no_proxy") ?? "",
  };
}

/** `scheme` is that of the traffic: `https` for CONNECT, `http` for absolute-form requests. */
export function routeFor(scheme: "https" | "http", target: Target, original: OriginalProxies): Route {
  if (metadataHosts.has(target.host)) {
    const reason = "The metadata server is not reached through a proxy; GCE_METADATA_HOST names it.";
    return { kind: "refused", reason };
  }
  if (isGoogleHost(target.host)) {
    if (scheme === "https") return { kind: "gateway" };
    return { kind: "refused", reason: "Google's APIs are reached over https only." };
  }
  const proxy = scheme === "https" ? original.https : original.http;
  if (proxy === undefined || isExempt(target, original.noProxy)) return { kind: "direct" };
  return proxyRoute(proxy);
}

function proxyRoute(setting: string): Route {
  const text = setting.includes("://") ? setting : `http://${setting}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return { kind: "proxy", url };
  // Going direct instead would break a rule of the user's network behind their back.
  const reason = `Your proxy setting is of a kind that gatehouse run cannot pass on: ${url?.protocol ?? "not a URL"}.`;
  return { kind: "refused", reason };
}

/** The common reading of NO_PROXY: `*`, host names with or without leading dot, `host:port`, addresses, networks. */
function isExempt(target: Target, noProxy: string): boolean {
  return noProxy
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .some((entry) => entry === "*" || matchesNetwork(target.host, entry) || matchesName(target, entry));
}

function matchesName(target: Target, entry: string): boolean {
  const address = entry.replace(/^\[|\]$/g, "");
  if (isIP(address) !== 0) return target.host === address.toLowerCase();
  const match = /^\*?\.?(.*?)(?::(\d+))?$/.exec(entry.toLowerCase());
  const [, name = "", port] = match ?? [];
  if (port !== undefined && Number(port) !== target.port) return false;
  return name !== "" && (target.host === name || target.host.endsWith(`.${name}`));
}

function matchesNetwork(host: string, entry: string): boolean {
  const [network = "", prefix = ""] = entry.split("/");
  const family = isIP(network) === 6 ? "ipv6" : "ipv4";
  const bits = Number(prefix);
  const isNetwork = isIP(network) !== 0 && /^\d+$/.test(prefix) && bits <= (family === "ipv6" ? 128 : 32);
  if (!isNetwork || isIP(host) === 0) return false;
  const list = new BlockList();
  list.addSubnet(network, bits, family);
  return list.check(host, isIP(host) === 6 ? "ipv6" : "ipv4");
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}
