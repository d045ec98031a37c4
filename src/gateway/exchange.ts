import type { Readable } from "node:stream";
import type { Receipt } from "#audit";
import type { Call } from "#catalogue";
import type { Caller } from "#identity";
import type { RawHeader } from "#lib/headers";
import type { MaskingStream } from "#masking";
import type { Decision } from "#policy";
import type { Capability } from "./capabilities.ts";
import type { OutgoingBody, SentBody } from "./sent-body.ts";

/** What came off the wire, untouched. Each later type adds one known fact. */
export interface ReceivedRequest {
  readonly exchangeId: string;
  readonly receivedAt: Date;
  /**
   * Host of Google's that the client meant, lower case, without port: from CONNECT, SNI and Host (which agree), from the
   * path prefix, or from a name of our own domain.
   */
  readonly host: string;
  readonly method: string;
  /** Raw request target below the host, as it will be judged and forwarded. */
  readonly target: string;
  readonly headers: readonly RawHeader[];
  readonly body: Readable;
  /** From Content-Length; `undefined` when chunked. 0 when there is no body. */
  readonly bodyBytes: number | undefined;
  /** Bearer token of the request itself. */
  readonly bearer: string | undefined;
  /** Session proven by proxy authentication on the enclosing CONNECT, if any. */
  readonly proxySessionId: string | undefined;
  /**
   * What a URL of one of Google's hosts begins with, for this client: `https://<host>` inside a tunnel, where Google's own
   * names lead back to us; `http://127.0.0.1:8470/<host>` or `https://<api>.<domain>` by the other ways in.
   */
  readonly urlOf: (host: string) => string;
  /** Aborted when the client goes away or its session is stopped. */
  readonly gone: AbortSignal;
  /** Sends an interim reply (100, 103) to keep a waiting client alive. */
  readonly sendInterim: (status: 100 | 103) => void;
}

export interface IdentifiedRequest extends ReceivedRequest {
  readonly caller: Caller;
}

export interface UnderstoodRequest extends IdentifiedRequest {
  readonly call: Call;
  /** Target with opaque capability handles replaced by what Google issued; equals `target` for all other calls. */
  readonly upstreamTarget: string;
  /** The capability URL this request uses, if it uses one. */
  readonly capability: Capability | undefined;
}

/** Its class is that of this very call, as far as the body had to be read for it. `body` still yields all of the body. */
export interface ReadRequest extends UnderstoodRequest {
  /** What the class, its reason and the flags of `call.operation` were found by. */
  readonly judgedBy: "line" | "body";
}

export interface DecidedRequest extends ReadRequest {
  readonly connection: string;
  /** What that connection was when this was decided. */
  readonly connectionVersion: string;
  readonly decision: Decision;
}

/** May happen. `approvalId` names the approval that was claimed for this one execution. */
export interface ClearedRequest extends DecidedRequest {
  readonly outgoing: OutgoingBody;
  readonly approvalId: string | undefined;
}

/** Its intent is durable in the audit log. Only this type can be forwarded. */
export interface RecordedRequest extends ClearedRequest {
  readonly intent: Receipt;
}

export interface UpstreamAnswer {
  /** Host, and port if it is not 443, that was spoken to: Google's, or a connection's own endpoint. */
  readonly authority: string;
  readonly status: number;
  readonly headers: readonly RawHeader[];
  readonly body: Readable;
}

export interface AnsweredExchange {
  readonly request: RecordedRequest;
  readonly answer: UpstreamAnswer;
  /** What was sent up, for the record. */
  readonly sent: SentBody;
}

/** The answer as the client may see it. `masking` turns its clear body into what is sent and recorded. */
export interface MaskedExchange extends AnsweredExchange {
  readonly headers: readonly RawHeader[];
  readonly masking: MaskingStream;
}

/** What the client gets. */
export interface Answer {
  readonly status: number;
  readonly headers: readonly RawHeader[];
  readonly body: Uint8Array | Readable;
}
