import type { ExchangeDetail, ExchangeSummary, SessionDetail } from "#api";
import type { AuditReader, ExchangeRecord, ExchangeWithRecordings } from "#audit";
import { decodeRecording, type ShownMessage, showRecording } from "#recording";

/** More exchanges than this in one session are shown newest first, the rest by search. */
const exchangesShownMax = 500;

/** The auditor's view of sessions, from entries and recordings. */
export function exchangeReader(reader: AuditReader) {
  return {
    exchangesOf: async (sessionId: string): Promise<SessionDetail["exchanges"]> => {
      const newestFirst = await reader.exchanges({ sessionId, limit: exchangesShownMax });
      return Promise.all(newestFirst.toReversed().map((record) => withRecordings(record, reader)));
    },
    exchange: async (sessionId: string, exchangeId: string): Promise<ExchangeDetail | undefined> => {
      const record = await reader.exchange(exchangeId);
      if (record === undefined || record.sessionId !== sessionId) return undefined;
      return shownExchange(record);
    },
  };
}

async function withRecordings(record: ExchangeRecord, reader: AuditReader): Promise<ExchangeDetail> {
  const full = await reader.exchange(record.id);
  return shownExchange({ ...record, request: full?.request, answer: full?.answer });
}

function shownExchange({
  request: sent,
  answer: answered,
  ...record
}: ExchangeWithRecordings): ExchangeDetail {
  const request = shown(sent);
  const answer = shown(answered);
  return {
    ...summaryOf(record),
    ...(request === undefined ? {} : { request }),
    ...(answer === undefined ? {} : { answer }),
  };
}

function shown(recording: Uint8Array | undefined): ShownMessage | undefined {
  return recording === undefined ? undefined : showRecording(decodeRecording(recording));
}

/** Absent members stay absent: `undefined` is no JSON. */
function summaryOf({ sessionId: _, ...record }: ExchangeRecord): ExchangeSummary {
  const {
    operation,
    class: riskClass,
    resource,
    status,
    approvalId,
    intentIndex,
    outcomeIndex,
    ...rest
  } = record;
  return {
    ...rest,
    reasons: [...record.reasons],
    ...(operation === undefined ? {} : { operation }),
    ...(riskClass === undefined ? {} : { class: riskClass }),
    ...(resource === undefined ? {} : { resource }),
    ...(status === undefined ? {} : { status }),
    ...(approvalId === undefined ? {} : { approvalId }),
    ...(intentIndex === undefined ? {} : { intentIndex }),
    ...(outcomeIndex === undefined ? {} : { outcomeIndex }),
  };
}
