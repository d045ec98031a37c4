import type {
  Answer,
  AnsweredExchange,
  ClearedRequest,
  DecidedRequest,
  IdentifiedRequest,
  MaskedExchange,
  ReadRequest,
  ReceivedRequest,
  RecordedRequest,
  UnderstoodRequest,
} from "./exchange.ts";
import { isRefusal, type KnownRequest, type Refusal, refusal } from "./refusal.ts";

/** The steps of one exchange. Each adds one known fact, or refuses. */
export interface Stages {
  identify(request: ReceivedRequest): Promise<IdentifiedRequest | Refusal>;
  understand(request: IdentifiedRequest): UnderstoodRequest | Refusal;
  readBody(request: UnderstoodRequest): Promise<ReadRequest | Refusal>;
  decide(request: ReadRequest): DecidedRequest | Refusal;
  approve(request: DecidedRequest): Promise<ClearedRequest | Refusal>;
  recordIntent(request: ClearedRequest): Promise<RecordedRequest | Refusal>;
  forward(request: RecordedRequest): Promise<AnsweredExchange | Refusal>;
  mask(exchange: AnsweredExchange): Promise<MaskedExchange | Refusal>;
  recordOutcome(exchange: MaskedExchange): Promise<Answer>;
  /** Puts the refusal on record and into words. Never fails. */
  refuse(refusal: Refusal): Promise<Answer>;
}

/**
 * The life of an exchange, from arrival to answer. A stage that throws ends it like a refusal that knows how far it had
 * come: after the intent nobody may be told that nothing has happened.
 */
export async function handle(
  received: ReceivedRequest,
  stages: Stages,
  onFailure: (error: unknown) => void,
): Promise<Answer> {
  let known: KnownRequest = received;
  try {
    const cleared = await clear(received, stages);
    if (isRefusal(cleared)) return await stages.refuse(cleared);
    known = cleared;

    // The intent is in the audit log before anything leaves us: a crash can lose an answer, never a trace.
    const recorded = await stages.recordIntent(cleared);
    if (isRefusal(recorded)) return await stages.refuse(recorded);
    known = recorded;

    const answered = await stages.forward(recorded);
    if (isRefusal(answered)) return await stages.refuse(answered);

    const masked = await stages.mask(answered);
    if (isRefusal(masked)) return await stages.refuse(masked);
    return await stages.recordOutcome(masked);
  } catch (error) {
    onFailure(error);
    return stages.refuse(refusal("internal", known, "a stage failed"));
  }
}

async function clear(received: ReceivedRequest, stages: Stages): Promise<ClearedRequest | Refusal> {
  const identified = await stages.identify(received);
  if (isRefusal(identified)) return identified;
  const understood = stages.understand(identified);
  if (isRefusal(understood)) return understood;
  const read = await stages.readBody(understood);
  if (isRefusal(read)) return read;
  const decided = stages.decide(read);
  if (isRefusal(decided)) return decided;
  return stages.approve(decided);
}
