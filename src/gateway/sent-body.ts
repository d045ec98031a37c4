import { createHash } from "node:crypto";
import { type Readable, Transform } from "node:stream";
import { finished } from "node:stream/promises";
import { setImmediate } from "node:timers/promises";
import { limits } from "#lib/limits";
import type { Finding, MaskingPlan, MaskingStream } from "#masking";
import { captureBody } from "#recording";

/** The body as it will leave: whole with its digest, or a stream that can be read once. */
export type OutgoingBody =
  | { readonly kind: "empty" }
  | { readonly kind: "buffered"; readonly bytes: Uint8Array; readonly sha256: string }
  | { readonly kind: "stream"; readonly stream: Readable; readonly bytes: number | undefined };

/** A request body on its way up, and what the record keeps of it: the digest of all of it, the masked beginning. */
export interface SentBody {
  /** For the upstream, never altered. */
  readonly payload: Uint8Array | Readable | null;
  /** Called once, when no more will be sent. */
  finish(): Promise<SentRecord>;
}

export interface SentRecord {
  readonly digest: { readonly sha256: string; readonly bytes: number };
  /** Masked; `undefined` when it could not be masked and is therefore not kept. */
  readonly recording: { readonly bytes: Uint8Array; readonly isTruncated: boolean } | undefined;
  readonly findings: readonly Finding[];
}

export function sentBody(outgoing: OutgoingBody, plan: MaskingPlan): SentBody {
  const recorder = plan.kind === "mask" ? startRecorder(plan.open()) : undefined;
  switch (outgoing.kind) {
    case "empty":
      return whole(new Uint8Array(0), null, recorder);
    case "buffered":
      return whole(outgoing.bytes, outgoing.bytes, recorder);
    case "stream":
      return streamed(outgoing.stream, recorder);
  }
}

/**
 * Masks the beginning of `bytes` for the eyes of people; `undefined` when it cannot be done. Whether more follows is said
 * besides: masking shortens, so that the length of what comes out tells nothing.
 */
export async function maskWhole(bytes: Uint8Array, plan: MaskingPlan): Promise<SentRecord["recording"]> {
  if (plan.kind === "refuse") return undefined;
  const recorder = startRecorder(plan.open());
  feed(recorder, bytes);
  return (await recorder.end()).recording;
}

function whole(bytes: Uint8Array, payload: Uint8Array | null, recorder: Recorder | undefined): SentBody {
  const digest = { sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length };
  return {
    payload,
    finish: async () => {
      if (recorder !== undefined) feed(recorder, bytes);
      return { digest, ...(await endOf(recorder)) };
    },
  };
}

/** No more than may be kept: masking all of a large body at once would hold up everybody's calls. */
function feed(recorder: Recorder, bytes: Uint8Array): void {
  const beginning = bytes.subarray(0, limits.recordedBodyBytesMax);
  if (beginning.length > 0) recorder.write(beginning);
  if (beginning.length < bytes.length) recorder.cut();
}

function streamed(stream: Readable, recorder: Recorder | undefined): SentBody {
  const hash = createHash("sha256");
  let length = 0;
  const tap = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      hash.update(chunk);
      // The recorder is fed no more than it may keep, so it needs no back-pressure.
      const room = limits.recordedBodyBytesMax - length;
      if (room > 0) recorder?.write(chunk.subarray(0, room));
      if (chunk.length > room) recorder?.cut();
      length += chunk.length;
      done(null, chunk);
    },
  });
  stream.on("error", (error) => tap.destroy(error));
  tap.on("close", () => {
    if (!stream.readableEnded) stream.unpipe(tap);
    if (!tap.readableEnded) recorder?.cut();
  });
  stream.pipe(tap);
  return {
    payload: tap,
    finish: async () => {
      const digest = { sha256: hash.digest("hex"), bytes: length };
      return { digest, ...(await endOf(recorder)) };
    },
  };
}

interface Recorder {
  write(bytes: Uint8Array): void;
  /** There is more that the recorder will not see: what was masked so far is kept, and said to be the beginning. */
  cut(): void;
  end(): Promise<Pick<SentRecord, "recording" | "findings">>;
}

async function endOf(recorder: Recorder | undefined): Promise<Pick<SentRecord, "recording" | "findings">> {
  return recorder === undefined ? { recording: undefined, findings: [] } : recorder.end();
}

function startRecorder(masking: MaskingStream): Recorder {
  const capture = captureBody(limits.recordedBodyBytesMax);
  let hasFailed = false;
  let isCut = false;
  masking.stream.on("error", () => {
    hasFailed = true;
    capture.stream.destroy();
  });
  capture.stream.on("error", () => undefined);
  masking.stream.pipe(capture.stream).resume();
  return {
    write: (bytes) => {
      if (!hasFailed && !isCut) masking.stream.write(bytes);
    },
    cut: () => {
      isCut = true;
    },
    end: async () => {
      // Without its end a document cannot be flushed; the masker has let out what it was sure of.
      if (!hasFailed && !isCut) {
        masking.stream.end();
        await finished(capture.stream).catch(() => undefined);
      }
      // What it let out is still on its way through the pipe.
      if (isCut) await setImmediate();
      if (hasFailed) return { recording: undefined, findings: masking.findings };
      const { bytes, isTruncated } = capture.captured();
      return { recording: { bytes, isTruncated: isTruncated || isCut }, findings: masking.findings };
    },
  };
}
