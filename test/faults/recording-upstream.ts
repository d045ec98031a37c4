import { once } from "node:events";
import { createServer, type Socket } from "node:net";

/** An upstream that remembers, in a process that nobody kills, every line it was sent, and answers each. */
export interface RecordingUpstream {
  readonly port: number;
  readonly received: readonly string[];
  /** Called after each line. */
  onReceived: () => void;
  /** Resolves when everything that was sent has arrived and all senders are gone. */
  drained(): Promise<void>;
  close(): Promise<void>;
}

export async function recordingUpstream(): Promise<RecordingUpstream> {
  const received: string[] = [];
  const ends = new Set<Promise<void>>();
  const server = createServer((socket: Socket) => {
    socket.on("error", () => undefined); // The sender was killed: what had arrived before counts.
    ends.add(new Promise((resolve) => socket.once("close", () => resolve())));
    let rest = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        received.push(line);
        if (socket.writable) socket.write(`${line}\n`);
        upstream.onReceived();
      }
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the stub listens on a port");
  const upstream: RecordingUpstream = {
    port: address.port,
    received,
    onReceived: () => undefined,
    drained: async () => void (await Promise.all(ends)),
    close: async () => {
      server.close();
      await Promise.all(ends);
    },
  };
  return upstream;
}
