import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import { singleHeader } from "#lib/headers";
import type { Head } from "./framing.ts";
import type { RefusalCode } from "./refusal.ts";
import type { Tunnel } from "./tunnels.ts";
import type { UniverseConnection } from "./universe-door.ts";

/** Where a request means to go, as the way in says it. */
export interface Place {
  /** Google's name for it, lower case, without port. */
  readonly host: string;
  readonly target: string;
  /** How the client is told of a host of Google's so that it comes back here: what a URL's path follows. */
  readonly urlOf: (host: string) => string;
  readonly fault?: RefusalCode;
  readonly detail: string;
}

/** Inside a tunnel Google's own names lead back to us. */
export const urlAtGoogle = (host: string): string => `https://${host}`;

export function placeOfTunnel(head: Head, tunnel: Tunnel): Place {
  const place = { host: tunnel.host, target: head.target, urlOf: urlAtGoogle, detail: "" };
  const host = (singleHeader(head.headers, "host") ?? "").toLowerCase();
  // A tunnel to one host that carries requests for another would be judged as one and reach the other.
  if (!tunnel.namesAgree || (host !== tunnel.host && host !== `${tunnel.host}:443`)) {
    return { ...place, fault: "misdirected", detail: `tunnel to ${tunnel.host}, Host ${host}` };
  }
  if (!head.target.startsWith("/")) {
    return { ...place, fault: "wrong_form", detail: "inside a tunnel only the origin form is taken" };
  }
  return place;
}

export function placeOfPrefix(head: Head, own: string): Place {
  const urlOf = (host: string): string => `${own}/${host}`;
  const [, host, target] = /^\/([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)(\/.*)$/.exec(head.target) ?? [];
  if (host === undefined || target === undefined) {
    const place = { host: "", target: head.target, urlOf };
    return { ...place, fault: "wrong_form", detail: "neither CONNECT nor the endpoint prefix form" };
  }
  return { host: host.toLowerCase(), target, urlOf, detail: "" };
}

const google = "googleapis.com";

/** `<api>.<domain>` is `<api>.googleapis.com`; whether that is an API is the catalogue's to say. */
export function placeOfUniverse(head: Head, { domain, port, serverName }: UniverseConnection): Place {
  const urlOf = (host: string): string =>
    host.endsWith(`.${google}`)
      ? `https://${host.slice(0, -google.length)}${domain}${port === 443 ? "" : `:${port}`}`
      : urlAtGoogle(host);
  const place = { host: "", target: head.target, urlOf };
  const named = (singleHeader(head.headers, "host") ?? "").toLowerCase();
  const [, host = ""] = /^([a-z0-9.-]+)(?::\d{1,5})?$/.exec(named) ?? [];
  // The certificate stands for every API: a connection that was opened to one must not carry requests for another.
  const agrees = serverName === undefined || serverName === host;
  if (!host.endsWith(`.${domain}`) || !agrees) {
    const detail = `server name ${serverName ?? "none"}, Host ${named}, universe ${domain}`;
    return { ...place, fault: "misdirected", detail };
  }
  const canonical = { ...place, host: `${host.slice(0, -domain.length)}${google}` };
  if (head.target.startsWith("/")) return { ...canonical, detail: "" };
  return { ...canonical, fault: "wrong_form", detail: "under a name of ours only the origin form is taken" };
}

/** As the client reached it, which on one machine is good enough. */
export function ownBase({ socket }: IncomingMessage): string {
  const address = socket.localAddress ?? "";
  const scheme = socket instanceof TLSSocket ? "https" : "http";
  return `${scheme}://${address.includes(":") ? `[${address}]` : address}:${socket.localPort ?? 0}`;
}
