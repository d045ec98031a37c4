import { z } from "zod";
import { GatehouseError } from "#lib/errors";
import type { RawHeader } from "#lib/headers";

/** One message of an exchange after masking, as it is kept. */
export interface Recording {
  /** Request line or status line, e.g. `GET /storage/v1/b HTTP/1.1`, without credentials. */
  readonly startLine: string;
  readonly headers: readonly RawHeader[];
  readonly body: Uint8Array;
  /** Whether `body` is only the beginning. */
  readonly isTruncated: boolean;
}

/** How the control plane shows it. */
export interface ShownMessage {
  startLine: string;
  headers: [string, string][];
  body: string;
  encoding: "utf8" | "base64";
  isTruncated: boolean;
}

// The format, version 1: a line that names it, a line of JSON, and the body's bytes as they are.
const magic = "gatehouse-recording/1\n";
const head = z.strictObject({
  startLine: z.string(),
  headers: z.array(z.tuple([z.string(), z.string()])),
  isTruncated: z.boolean(),
});

export function encodeRecording({ startLine, headers, body, isTruncated }: Recording): Uint8Array {
  const line = JSON.stringify({ startLine, headers, isTruncated });
  return Buffer.concat([Buffer.from(`${magic}${line}\n`, "utf8"), body]);
}

/** Throws `recording_unreadable` for anything but what `encodeRecording` makes. */
export function decodeRecording(bytes: Uint8Array): Recording {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = buffer.indexOf("\n", magic.length);
  if (buffer.toString("latin1", 0, magic.length) !== magic || end < 0) throw unreadable();
  const parsed = head.safeParse(parseJson(buffer.toString("utf8", magic.length, end)));
  if (!parsed.success) throw unreadable(parsed.error);
  return { ...parsed.data, body: buffer.subarray(end + 1) };
}

/** Text is shown as text; what is not valid UTF-8, or holds NUL, is shown as base64 so that nothing is lost. */
export function showRecording({ startLine, headers, body, isTruncated }: Recording): ShownMessage {
  const text = textOf(body, isTruncated);
  return {
    startLine,
    headers: headers.map(([name, value]) => [name, value]),
    body: text ?? Buffer.from(body).toString("base64"),
    encoding: text === undefined ? "base64" : "utf8",
    isTruncated,
  };
}

function textOf(body: Uint8Array, isTruncated: boolean): string | undefined {
  try {
    // A cut may fall within a character; `stream` leaves its first bytes out instead of failing on them.
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body, {
      stream: isTruncated,
    });
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreadable(cause?: unknown): GatehouseError {
  return new GatehouseError("recording_unreadable", "This is not a recording that this version can read.", {
    cause,
  });
}
