import { createHash } from "node:crypto";
import { pipeline, Transform } from "node:stream";
import type { Attachment, NewEntry } from "#audit";
import { GatehouseError } from "#lib/errors";
import { singleHeader } from "#lib/headers";
import { limits } from "#lib/limits";
import type { Finding } from "#masking";
import { type CapturedBody, captureBody, encodeRecording } from "#recording";
import type { DataPlanePorts } from "../data-plane-ports.ts";
import type { Answer, MaskedExchange } from "../exchange.ts";
import { goneCode } from "../gone.ts";
import { receiptHeader } from "../refusal-answer.ts";
import type { SentRecord } from "../sent-body.ts";
import { recordableHeaders } from "../upstream-headers.ts";
import { bodyWithoutHandles, withoutHandles } from "../without-handles.ts";
import { recordableTarget } from "./record-intent.ts";

export interface OutcomePorts extends Pick<DataPlanePorts, "audit" | "approvals" | "log"> {
  /** Keeps the exchange alive until its outcome is on disk, however the client fares. */
  readonly track: (exchangeId: string, work: Promise<unknown>) => void;
}

interface Ending {
  readonly exchange: MaskedExchange;
  readonly sent: SentRecord;
  readonly answered: CapturedBody;
  /** Why the client did not get all of it; `undefined` when it did. */
  readonly brokeOff: string | undefined;
}

/**
 * Streams the masked answer down and puts on record how it went. The first bytes do not wait for the log; the last do:
 * whoever holds a finished answer can rely on its outcome being durable. If the outcome cannot be recorded, the
 * answer is cut off.
 */
export function recordOutcomeStage(ports: OutcomePorts) {
  async function record(ending: Ending): Promise<void> {
    const { request } = ending.exchange;
    await append(ending);
    if (request.approvalId !== undefined) await ports.approvals.settle(request.approvalId, "executed");
  }

  /** That the call was made, and how it ended, is on record even where what belongs beside it does not fit. */
  async function append(ending: Ending): Promise<void> {
    try {
      await ports.audit.append(outcomeEntry(ending));
    } catch (error) {
      if (!(error instanceof GatehouseError && error.code === "entry_invalid")) throw error;
      const { exchangeId } = ending.exchange.request;
      ports.log.error({ err: error, exchangeId }, "an outcome is recorded without what does not fit");
      await ports.audit.append(bareOutcome(ending));
    }
  }

  async function empty(exchange: MaskedExchange): Promise<Uint8Array> {
    exchange.answer.body.resume();
    await record({ exchange, sent: await exchange.sent.finish(), answered: nothing, brokeOff: undefined });
    return nothing.bytes;
  }

  function streamed(exchange: MaskedExchange, bodyBytes: number | undefined): Transform {
    const capture = captureBody(limits.recordedBodyBytesMax);
    const finish = once(async (brokeOff: string | undefined) =>
      record({ exchange, sent: await exchange.sent.finish(), answered: capture.captured(), brokeOff }),
    );
    const gate = endGate(bodyBytes, () => finish(undefined));
    const work = new Promise<void>((done) => {
      pipeline([exchange.answer.body, exchange.masking.stream, capture.stream, gate], (error) => {
        if (!error) {
          done();
          return;
        }
        finish(causeOf(exchange, error))
          .catch((failure: unknown) => logLost(ports, exchange, failure))
          .finally(done);
      });
    });
    ports.track(exchange.request.exchangeId, work);
    return gate;
  }

  return async (exchange: MaskedExchange): Promise<Answer> => {
    const { request, answer } = exchange;
    const head = {
      status: answer.status,
      headers: [...exchange.headers, ...receiptHeader(request.intent)],
    };
    const length = singleHeader(exchange.headers, "content-length");
    const hasBody = request.method !== "HEAD" && answer.status !== 204 && answer.status !== 304;
    if (!hasBody || length === "0") return { ...head, body: await empty(exchange) };
    return { ...head, body: streamed(exchange, length === undefined ? undefined : Number(length)) };
  };
}

const nothing = {
  bytes: new Uint8Array(0),
  totalBytes: 0,
  sha256: createHash("sha256").digest("hex"),
  isTruncated: false,
};

/**
 * Lets an answer through except for its end. A client that knows the length takes the last byte for the end, so that
 * byte waits; without a length the end is the stream's own.
 */
function endGate(bodyBytes: number | undefined, beforeEnd: () => Promise<void>): Transform {
  let passed = 0;
  let last: Uint8Array | undefined;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      passed += chunk.length;
      if (bodyBytes === undefined || passed < bodyBytes) {
        done(null, chunk);
        return;
      }
      last = last === undefined ? chunk : Buffer.concat([last, chunk]);
      done();
    },
    flush(done) {
      beforeEnd().then(
        () => done(null, last),
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
      );
    },
  });
}

function outcomeEntry(ending: Ending): NewEntry {
  const { exchange, sent, answered, brokeOff } = ending;
  const isTruncated = answered.isTruncated || brokeOff !== undefined;
  const answer = encodeRecording({
    startLine: `HTTP/1.1 ${exchange.answer.status}`,
    headers: exchange.headers.map(([name, value]) => [name, withoutHandles(value)]),
    body: bodyWithoutHandles(answered.bytes),
    isTruncated,
  });
  return {
    ...bareOutcome(ending),
    detail: { ...detailOf(ending), findings: foundIn(ending).map(asJson) },
    attachments: [...requestAttachment(exchange, sent), { role: "answer", bytes: answer, isTruncated }],
  };
}

/** Nothing in it is as long as somebody else likes. */
function bareOutcome(ending: Ending): NewEntry {
  const { exchange, sent, answered, brokeOff } = ending;
  const { request, answer } = exchange;
  return {
    kind: brokeOff === undefined ? "exchange.outcome" : "exchange.aborted",
    sessionId: request.caller.session.id,
    exchangeId: request.exchangeId,
    ...(request.approvalId === undefined ? {} : { approvalId: request.approvalId }),
    operation: request.call.operation.id,
    class: request.call.operation.class,
    status: answer.status,
    resource: request.call.resource.name,
    requestBody: sent.digest,
    answerBody: { sha256: answered.sha256, bytes: answered.totalBytes },
    detail: detailOf(ending),
  };
}

function detailOf(ending: Ending) {
  const { brokeOff } = ending;
  const maskedValues = foundIn(ending).length;
  return brokeOff === undefined ? { maskedValues } : { maskedValues, cause: brokeOff };
}

function foundIn({ exchange, sent }: Ending): readonly Finding[] {
  return [...sent.findings, ...exchange.masking.findings];
}

function requestAttachment({ request }: MaskedExchange, { recording: kept }: SentRecord): Attachment[] {
  if (kept === undefined) return [];
  const bytes = encodeRecording({
    startLine: `${request.method} ${recordableTarget(request)} HTTP/1.1`,
    headers: recordableHeaders(request.headers),
    body: kept.bytes,
    isTruncated: kept.isTruncated,
  });
  return [{ role: "request", bytes, isTruncated: kept.isTruncated }];
}

function asJson({ path, detector, rule }: Finding) {
  return { path, detector, rule };
}

function once(
  work: (brokeOff: string | undefined) => Promise<void>,
): (brokeOff: string | undefined) => Promise<void> {
  let begun: Promise<void> | undefined;
  return (brokeOff) => {
    begun ??= work(brokeOff);
    return begun;
  };
}

/** Only codes: the text of an upstream's error may quote what it was sent. */
function causeOf({ request }: MaskedExchange, error: unknown): string {
  if (request.gone.aborted) return goneCode(request.gone);
  return error instanceof GatehouseError ? error.code : "answer_broke_off";
}

function logLost({ log }: OutcomePorts, { request }: MaskedExchange, error: unknown): void {
  log.error(
    { err: error, exchangeId: request.exchangeId },
    "cannot record an outcome; the answer was cut off",
  );
}
