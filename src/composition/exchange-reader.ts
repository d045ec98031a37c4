import type { ExchangeDetail, ExchangeSummary } from "#api";
import type { AuditReader, ExchangeRecord, ExchangeWithRecordings } from "#audit";
import type { ExchangeReader } from "#control";
import { limits } from "#lib/limits";
import { decodeRecording, type ShownMessage, showRecording } from "#recording";

/** The auditor's view of sessions, from entries and recordings. */
export function exchangeReader(reader: AuditReader): ExchangeReader {
  return {
    async exchangesOf(sessionId, before) {
      const limit = limits.listedExchangesMax;
      const records = await reader.exchanges({ sessionId, before, limit: limit + 1 });
      // Ids sort by time. The one too many only says that there are older ones.
      const ids = records.map(({ id }) => id).sort();
      const next = ids.length > limit ? ids.at(-limit) : undefined;
      const listed = records.filter(({ id }) => next === undefined || id >= next);
      return { exchanges: listed.toReversed().map(summaryOf), next };
    },
    async exchange(sessionId, exchangeId) {
      const record = await reader.exchange(exchangeId);
      if (record === undefined || record.sessionId !== sessionId) return undefined;
      return shownExchange(record);
    },
  };
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
