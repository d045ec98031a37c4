import { connect, type Socket } from "node:net";

/** What came back on a raw connection: as text, and whether anything came at all. */
export interface RawAnswer {
  readonly status: number | undefined;
  readonly head: string;
  readonly body: string;
}

/** Sends bytes as they are and reads until the other side closes. */
export function sendRaw(port: number, text: string): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    let received = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      received += chunk;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(parse(received)));
    socket.write(text);
  });
}

/** Opens a CONNECT tunnel; the socket is paused, ready for the bytes inside. Rejects with the answer's text when refused. */
export function openTunnel(port: number, authority: string, authorization: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.on("error", reject);
    socket.once("data", (chunk: Buffer) => {
      socket.pause();
      const end = chunk.indexOf("\r\n\r\n") + 4;
      if (chunk.length > end) socket.unshift(chunk.subarray(end));
      if (chunk.toString().startsWith("HTTP/1.1 200")) resolve(socket);
      else reject(new Error(chunk.toString()));
    });
    socket.write(
      `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\nProxy-Authorization: ${authorization}\r\n\r\n`,
    );
  });
}

function parse(text: string): RawAnswer {
  const [head = "", body = ""] = text.split(/\r\n\r\n([\s\S]*)/, 2);
  const status = /^HTTP\/1\.1 (\d{3})/.exec(head)?.[1];
  return { status: status === undefined ? undefined : Number(status), head, body };
}
