import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import type { EntryDecision } from "#lib/entry-words";
import { headerValues, pairHeaders } from "#lib/headers";
import { newId } from "#lib/ids";
import { limits } from "#lib/limits";
import type { DataPlanePorts } from "./data-plane-ports.ts";
import { lastWord } from "./last-word.ts";

/** One CONNECT that was let in: all requests inside are for its host, and belong to its session. */
export interface Tunnel {
  readonly host: string;
  readonly sessionId: string;
  /** Whether the TLS server name, if the client sent one, is the host of the CONNECT. */
  readonly namesAgree: boolean;
}

export interface Tunnels {
  /** Judges a CONNECT and, if it may, hands the decrypted connection to the server. The caller listens for errors. */
  accept(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void>;
  /** The tunnel a decrypted connection belongs to. */
  of(socket: Duplex): Tunnel | undefined;
  stopSession(sessionId: string): void;
}

type TunnelPorts = Pick<
  DataPlanePorts,
  "authenticator" | "authority" | "catalogue" | "audit" | "clock" | "log"
>;

interface ConnectRefusal {
  readonly status: number;
  readonly phrase: string;
  readonly code: EntryDecision;
  readonly text: string;
}

type Judged = { readonly host: string; readonly sessionId: string } | ConnectRefusal;

export function createTunnels(ports: TunnelPorts, server: Server, mayRecordStranger: () => boolean): Tunnels {
  // Owned here. Sockets leave when they close, so neither map outgrows what is open.
  const byConnection = new WeakMap<Duplex, Tunnel>();
  const bySession = new Map<string, Set<Socket>>();

  async function judge(request: IncomingMessage): Promise<Judged> {
    const host = connectHost(request);
    if (host === undefined) return refused.malformed;
    const token = proxyToken(request);
    if (token === undefined) return refused.missing;
    const authentication = await ports.authenticator.authenticate(token);
    if (authentication.kind === "refused") {
      ports.log.info({ code: authentication.code, detail: authentication.detail }, "CONNECT refused");
      return authentication.code === "provider_unavailable" ? refused.unavailable : refused.invalid;
    }
    // Inside TLS a refusal can be read by the agent, so every Google API name is let in that far.
    if (!ports.catalogue.knowsHost(host) && !host.endsWith(".googleapis.com")) return refused.unknownHost;
    return { host, sessionId: authentication.caller.session.id };
  }

  async function turnAway(request: IncomingMessage, socket: Socket, refusal: ConnectRefusal): Promise<void> {
    if (mayRecordStranger()) {
      const detail = { method: "CONNECT", target: printable(request.url ?? ""), code: refusal.code };
      const exchangeId = newId("exc", ports.clock);
      const entry = { kind: "auth.refused" as const, exchangeId, decision: refusal.code, detail };
      await ports.audit.append(entry).catch((error: unknown) => {
        ports.log.error({ err: error }, "cannot record a refused CONNECT");
      });
    }
    lastWord(socket, rawAnswer(refusal));
  }

  function remember(sessionId: string, socket: Socket): void {
    const own = bySession.get(sessionId) ?? new Set<Socket>();
    bySession.set(sessionId, own.add(socket));
    socket.once("close", () => {
      own.delete(socket);
      if (own.size === 0 && bySession.get(sessionId) === own) bySession.delete(sessionId);
    });
  }

  async function begin(host: string, sessionId: string, socket: Socket, head: Buffer): Promise<void> {
    const secureContext = await ports.authority.secureContextFor(host);
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    if (head.length > 0) socket.unshift(head);
    const secure = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: ["http/1.1"] });
    secure.setTimeout(limits.headersTimeoutMs, () => secure.destroy());
    secure.on("error", () => secure.destroy());
    secure.once("close", () => socket.destroy());
    socket.once("close", () => secure.destroy());
    secure.once("secure", () => {
      secure.setTimeout(0);
      secure.removeAllListeners("timeout");
      byConnection.set(secure, { host, sessionId, namesAgree: namesAgree(secure, host) });
      server.emit("connection", secure);
    });
  }

  return {
    of: (socket) => byConnection.get(socket),
    stopSession: (sessionId) => {
      for (const socket of bySession.get(sessionId) ?? []) socket.destroy();
    },
    accept: async (request, socket, head) => {
      const judged = await judge(request);
      if ("status" in judged) return turnAway(request, socket, judged);
      if (socket.destroyed) return;
      // Counted and remembered in one turn, so that many CONNECTs at once cannot pass the limit together.
      const open = bySession.get(judged.sessionId)?.size ?? 0;
      if (open >= limits.tunnelsPerSessionMax) return turnAway(request, socket, refused.tooMany);
      remember(judged.sessionId, socket);
      await begin(judged.host, judged.sessionId, socket, head);
    },
  };
}

/** `host:443` and nothing else (RFC 9110 section 9.3.6). A CONNECT has no body, and no say about framing. */
function connectHost(request: IncomingMessage): string | undefined {
  const headers = pairHeaders(request.rawHeaders);
  const isFramed = ["content-length", "transfer-encoding"].some(
    (name) => headerValues(headers, name).length > 0,
  );
  const [, host] = /^([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,10}):443$/.exec(request.url ?? "") ?? [];
  if (isFramed || headers.length > limits.headerCountMax) return undefined;
  return host?.toLowerCase();
}

/**
 * `Basic user:token` as proxy variables produce it, or `Bearer token`. Schemes are compared without case: bq writes
 * them small.
 */
function proxyToken(request: IncomingMessage): string | undefined {
  const values = headerValues(pairHeaders(request.rawHeaders), "proxy-authorization");
  const [, scheme = "", value = ""] = /^(basic|bearer) +([\w.~+/=-]+)$/i.exec(values[0] ?? "") ?? [];
  if (values.length !== 1 || value === "") return undefined;
  if (scheme.toLowerCase() === "bearer") return value;
  const pair = Buffer.from(value, "base64").toString("utf8");
  const token = pair.slice(pair.indexOf(":") + 1);
  return pair.includes(":") && token !== "" ? token : undefined;
}

function namesAgree({ servername }: TLSSocket & { servername?: unknown }, host: string): boolean {
  return typeof servername !== "string" || servername === "" || servername.toLowerCase() === host;
}

const refused = {
  malformed: {
    status: 400,
    phrase: "Bad Request",
    code: "malformed",
    text: "Gatehouse takes CONNECT to <host>:443 only.",
  },
  missing: {
    status: 407,
    phrase: "Proxy Authentication Required",
    code: "missing",
    text: "Gatehouse needs a gateway token as proxy password. Run the command through `gatehouse run -- ...`.",
  },
  invalid: {
    status: 407,
    phrase: "Proxy Authentication Required",
    code: "invalid",
    text: "The gateway token is not valid, has expired, or its session has ended. Start anew with `gatehouse run -- ...`.",
  },
  unavailable: {
    status: 503,
    phrase: "Service Unavailable",
    code: "provider_unavailable",
    text: "The identity provider cannot be reached. Try again in a minute.",
  },
  unknownHost: {
    status: 403,
    phrase: "Forbidden",
    code: "unknown_host",
    text: "This host is no Google API. Gatehouse carries nothing else; reach other hosts without this proxy (NO_PROXY).",
  },
  tooMany: {
    status: 429,
    phrase: "Too Many Requests",
    code: "too_many_tunnels",
    text: "This session has too many connections open. Close some.",
  },
} satisfies Record<string, ConnectRefusal>;

function rawAnswer({ status, phrase, text }: ConnectRefusal): string {
  const challenge = status === 407 ? 'Proxy-Authenticate: Basic realm="gatehouse"\r\n' : "";
  return `HTTP/1.1 ${status} ${phrase}\r\n${challenge}Content-Type: text/plain\r\nContent-Length: ${text.length + 1}\r\nConnection: close\r\n\r\n${text}\n`;
}

function printable(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, "?").slice(0, 300);
}
