import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type Socket } from "node:net";
import { portOf } from "./port.ts";

/** Stands for DNS and port 443: a proxy for which every name under one domain is a port of this machine, and no other is known. */
export interface NameServer {
  readonly url: string;
  /** Authorities that were asked for. */
  readonly asked: string[];
  close(): Promise<void>;
}

export async function startNameServer(domain: string, port: () => number): Promise<NameServer> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((_request, response) => response.writeHead(404).end());
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.on("connect", (request, socket: Socket) => {
    asked.push(request.url ?? "");
    if (!(request.url ?? "").endsWith(`.${domain}:443`)) {
      socket.end("HTTP/1.1 502 Unknown name\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    const onward = connect(port(), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.pipe(onward).pipe(socket);
    });
    for (const end of [socket, onward]) {
      sockets.add(end);
      end.on("error", () => undefined);
      end.on("close", () => {
        socket.destroy();
        onward.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    asked,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
