import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { portOf } from "./port.ts";

export interface SyslogReceiver {
  readonly port: number;
  /** Messages of connections that ended in order. */
  readonly messages: string[];
  /** What it does with a connection instead of reading it. */
  behave: ((socket: TLSSocket) => void) | undefined;
  close(): Promise<void>;
}

/** A syslog receiver over TLS that takes octet counting at its word (RFC 5425 section 4.3). */
export async function startSyslogReceiver(tls: { cert: string; key: string }): Promise<SyslogReceiver> {
  const messages: string[] = [];
  const raw = new Set<Socket>();
  // A receiver that stays silent keeps its end open.
  const options = { cert: readFileSync(tls.cert), key: readFileSync(tls.key), allowHalfOpen: true };
  const server = createServer(options, (socket) => {
    socket.on("error", () => undefined);
    if (receiver.behave !== undefined) {
      receiver.behave(socket);
      return;
    }
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("end", () => {
      messages.push(...parseFrames(Buffer.concat(chunks)));
      socket.end();
    });
  });
  server.on("tlsClientError", () => undefined);
  server.on("connection", (socket: Socket) => void raw.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const receiver: SyslogReceiver = {
    port: portOf(server),
    messages,
    behave: undefined,
    close: () =>
      new Promise((resolve) => {
        for (const socket of raw) socket.destroy();
        server.close(() => resolve());
      }),
  };
  return receiver;
}

function parseFrames(bytes: Buffer): string[] {
  const messages: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(" ", at);
    const digits = bytes.toString("latin1", at, space);
    if (!/^[1-9]\d*$/.test(digits)) throw new Error(`no length at ${at}: ${digits}`);
    const end = space + 1 + Number(digits);
    if (end > bytes.length) throw new Error("a message was cut");
    messages.push(bytes.toString("utf8", space + 1, end));
    at = end;
  }
  return messages;
}
