import { once } from "node:events";
import type { Duplex } from "node:stream";
import { meaningOf, severityOf } from "#exports";
import { GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import { asciiJson } from "#lib/printable";
import type { Batch, RenderedEntry, Sink } from "./sink.ts";

export interface SyslogSinkParts {
  /** Dials through the egress guard; the certificate is checked. */
  readonly connect: (signal: AbortSignal) => Promise<Duplex>;
  /** For messages. */
  readonly receiver: string;
  /** RFC 5424 HOSTNAME of this machine. */
  readonly hostname: string;
}

/**
 * RFC 5424 messages over TLS with octet counting (RFC 5425). Syslog acknowledges nothing, so each batch has a connection of its
 * own: a receiver that ends it in order after our end has read all of it. One that resets it, or stays silent, has not.
 */
export function syslogSink({ connect, receiver, hostname }: SyslogSinkParts): Sink {
  return {
    async deliver(batch, signal) {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(limits.sinkTimeoutMs)]);
      const socket = await connect(limited);
      try {
        await sendAll(socket, framesOf(batch, hostname), limited);
      } catch (error) {
        if (error instanceof GatehouseError) throw error;
        throw new GatehouseError("call_failed", `${receiver} broke off: ${messageOf(error)}`, {
          cause: error,
        });
      } finally {
        socket.destroy();
      }
    },
    close: () => Promise.resolve(),
  };
}

async function sendAll(socket: Duplex, frames: readonly Buffer[], signal: AbortSignal): Promise<void> {
  // What comes after a wait was over has nobody waiting, and must not end the process.
  socket.on("error", () => undefined);
  // It has nothing to say; what it says anyway must not stop it from closing.
  socket.resume();
  const ended = once(socket, "end", { signal });
  // Whichever of the two waits fails first tells; the other must not go unheard.
  ended.catch(() => undefined);
  const early = ended.then(() => {
    if (!socket.writableFinished) throw new Error("it ended the connection before it had everything");
  });
  early.catch(() => undefined);
  for (const frame of frames) {
    if (!socket.write(frame)) await Promise.race([once(socket, "drain", { signal }), early]);
  }
  socket.end();
  await early;
}

/** RFC 5425 section 4.3: the length of a message in octets, a space, the message. */
function framesOf(batch: Batch, hostname: string): readonly Buffer[] {
  return batch.entries.map((entry) => {
    const message = messageFor(entry, hostname);
    return Buffer.from(`${Buffer.byteLength(message)} ${message}`, "latin1");
  });
}

/** RFC 5424 section 6.2.1: 13 is "log audit". */
const facility = 13;

/** RFC 5424. The text is ASCII: what is not stands as JSON escapes, so that no receiver guesses an encoding. */
function messageFor(entry: RenderedEntry, hostname: string): string {
  const priority = facility * 8 + syslogSeverityOf(entry);
  // RFC 5424 section 7.3.1: counts up from 1 and starts again.
  const sequence = (entry.index % 2_147_483_647) + 1;
  const head = `<${priority}>1 ${entry.at} ${nameOf(hostname, 255)} gatehouse - ${nameOf(entry.kind, 32)}`;
  return `${head} [meta sequenceId="${sequence}"] ${asciiJson(entry.json)}`;
}

/** RFC 5424 section 6.2.1: 2 critical, 3 error, 4 warning, 5 notice, 6 informational. */
function syslogSeverityOf(entry: RenderedEntry): number {
  const severity = severityOf(entry);
  if (severity === "critical") return 2;
  if (severity === "high") return 3;
  const { outcome } = meaningOf(entry.kind);
  if (outcome === "failed" || outcome === "unknown") return 4;
  return severity === "medium" ? 5 : 6;
}

/** PRINTUSASCII of some length, or the NILVALUE. */
function nameOf(text: string, charsMax: number): string {
  const printable = text.replace(/[^\x21-\x7e]/g, "").slice(0, charsMax);
  return printable === "" ? "-" : printable;
}
