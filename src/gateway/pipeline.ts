import type {
  Answer,
  AnsweredExchange,
  ClearedRequest,
  DecidedRequest,
  IdentifiedRequest,
  MaskedExchange,
  ReceivedRequest,
  RecordedRequest,
  UnderstoodRequest,
} from "./exchange.ts";
import { isRefusal, type Refusal } from "./refusal.ts";

/** The steps of one exchange. Each adds one known fact, or refuses. */
export interface Stages {
  identify(request: ReceivedRequest): Promise<IdentifiedRequest | Refusal>;
  understand(request: IdentifiedRequest): UnderstoodRequest | Refusal;
  decide(request: UnderstoodRequest): DecidedRequest | Refusal;
  approve(request: DecidedRequest): Promise<ClearedRequest | Refusal>;
  recordIntent(request: ClearedRequest): Promise<RecordedRequest | Refusal>;
  forward(request: RecordedRequest): Promise<AnsweredExchange | Refusal>;
  mask(exchange: AnsweredExchange): Promise<MaskedExchange | Refusal>;
  recordOutcome(exchange: MaskedExchange): Promise<Answer>;
  /** Puts the refusal on record and into words. Never fails. */
  refuse(refusal: Refusal): Promise<Answer>;
}

/** The life of an exchange, from arrival to answer. */
export async function handle(received: ReceivedRequest, stages: Stages): Promise<Answer> {
  const cleared = await clear(received, stages);
  if (isRefusal(cleared)) return stages.refuse(cleared);

  // The intent is in the audit log before anything leaves us: a crash can lose an answer, never a trace.
  const recorded = await stages.recordIntent(cleared);
  if (isRefusal(recorded)) return stages.refuse(recorded);

  const answered = await stages.forward(recorded);
  if (isRefusal(answered)) return stages.refuse(answered);

  const masked = await stages.mask(answered);
  if (isRefusal(masked)) return stages.refuse(masked);
  return stages.recordOutcome(masked);
}

async function clear(received: ReceivedRequest, stages: Stages): Promise<ClearedRequest | Refusal> {
  const identified = await stages.identify(received);
  if (isRefusal(identified)) return identified;
  const understood = stages.understand(identified);
  if (isRefusal(understood)) return understood;
  const decided = stages.decide(understood);
  if (isRefusal(decided)) return decided;
  return stages.approve(decided);
}
