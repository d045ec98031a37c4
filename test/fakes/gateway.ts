import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { type CertificateAuthority, openCertificateAuthority } from "#keys";
import { systemClock } from "#lib/clock";
import { portOf } from "./port.ts";

export interface SeenConnect {
  readonly authority: string;
  readonly authorization: string | undefined;
}

export interface SeenRequest {
  readonly host: string;
  readonly url: string;
  readonly authorization: string | undefined;
}

/** A gateway that takes CONNECT, ends TLS with a certificate for the host, and answers every request inside. */
export interface FakeGateway {
  readonly url: string;
  readonly authority: CertificateAuthority;
  readonly connects: SeenConnect[];
  readonly requests: SeenRequest[];
  /** Set to refuse: status and body of the next CONNECTs, by what they presented. */
  refuse: ((seen: SeenConnect) => { status: number; body: string } | undefined) | undefined;
  /** Set to take over a tunnel as raw bytes instead of TLS. */
  raw: ((socket: Duplex) => void) | undefined;
  openTunnels(): number;
  close(): Promise<void>;
}

export async function startFakeGateway(): Promise<FakeGateway> {
  const directory = mkdtempSync(join(tmpdir(), "fake-gateway-"));
  const tunnels = new Set<Duplex>();
  const inner = createServer((request, response) => {
    const host = request.headers.host ?? "";
    gateway.requests.push({ host, url: request.url ?? "", authorization: request.headers.authorization });
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ answeredBy: "fake gateway", host, projects: [] }));
  });
  const outer = createServer();
  outer.on("connect", (request, socket: Duplex, head: Buffer) => {
    const seen = {
      authority: request.url ?? "",
      authorization: request.headers["proxy-authorization"],
    };
    gateway.connects.push(seen);
    const refusal = gateway.refuse?.(seen);
    if (refusal !== undefined) {
      socket.end(
        `HTTP/1.1 ${refusal.status} No\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(refusal.body)}\r\n\r\n${refusal.body}`,
      );
      return;
    }
    tunnels.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("end", () => socket.end());
    socket.once("close", () => tunnels.delete(socket));
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    if (head.length > 0) socket.unshift(head);
    if (gateway.raw !== undefined) gateway.raw(socket);
    else void serveTls(socket, seen.authority.replace(/:\d+$/, ""), gateway.authority, inner);
  });
  outer.listen(0, "127.0.0.1");
  await once(outer, "listening");
  const gateway: FakeGateway = {
    url: `http://127.0.0.1:${portOf(outer)}`,
    authority: await openCertificateAuthority({ directory, clock: systemClock }),
    connects: [],
    requests: [],
    refuse: undefined,
    raw: undefined,
    openTunnels: () => tunnels.size,
    close: async () => {
      for (const tunnel of tunnels) tunnel.destroy();
      outer.closeAllConnections();
      inner.closeAllConnections();
      await new Promise((resolve) => outer.close(resolve));
      rmSync(directory, { recursive: true });
    },
  };
  return gateway;
}

async function serveTls(
  socket: Duplex,
  host: string,
  authority: CertificateAuthority,
  server: Server,
): Promise<void> {
  socket.pause();
  if (!(socket instanceof Socket)) throw new TypeError("a tunnel is a socket");
  const secureContext = await authority.secureContextFor(host);
  const secure = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: ["http/1.1"] });
  secure.on("error", () => secure.destroy());
  server.emit("connection", secure);
}
