/** Codes of google.rpc.Code that the practice cloud uses, with their HTTP status and the reason older APIs give. */
const codes = {
  INVALID_ARGUMENT: { http: 400, grpc: 3, reason: "invalid" },
  FAILED_PRECONDITION: { http: 400, grpc: 9, reason: "failedPrecondition" },
  CONDITION_NOT_MET: { http: 412, grpc: 9, reason: "conditionNotMet" },
  OUT_OF_RANGE: { http: 416, grpc: 11, reason: "requestedRangeNotSatisfiable" },
  UNAUTHENTICATED: { http: 401, grpc: 16, reason: "authError" },
  PERMISSION_DENIED: { http: 403, grpc: 7, reason: "forbidden" },
  NOT_FOUND: { http: 404, grpc: 5, reason: "notFound" },
  ALREADY_EXISTS: { http: 409, grpc: 6, reason: "alreadyExists" },
  CONFLICT: { http: 409, grpc: 9, reason: "conflict" },
  RESOURCE_EXHAUSTED: { http: 429, grpc: 8, reason: "rateLimitExceeded" },
  TOO_LARGE: { http: 413, grpc: 3, reason: "uploadTooLarge" },
  INTERNAL: { http: 500, grpc: 13, reason: "backendError" },
  UNIMPLEMENTED: { http: 501, grpc: 12, reason: "notImplemented" },
  UNAVAILABLE: { http: 503, grpc: 14, reason: "backendError" },
} as const;

export type GoogleCode = keyof typeof codes;

/** google.rpc.Status has only the canonical names; the others exist in the older APIs' HTTP statuses. */
const canonical: Partial<Record<GoogleCode, string>> = {
  CONDITION_NOT_MET: "FAILED_PRECONDITION",
  CONFLICT: "ABORTED",
  TOO_LARGE: "INVALID_ARGUMENT",
};

/** `rpc`: google.rpc.Status with details. `legacy`: `errors[]`, as storage and compute answer. `xml`: storage's XML API. */
export type ErrorShape = "rpc" | "legacy" | "xml";

/** What a caller did wrong, or what a test asked to go wrong. Anything else that is thrown is our bug and ends in a 500. */
export class GoogleError extends Error {
  readonly code: GoogleCode;
  /** ErrorInfo.reason, an upper-case word for programs. */
  readonly reason: string;

  constructor(code: GoogleCode, message: string, reason: string = code) {
    super(message);
    this.name = "GoogleError";
    this.code = code;
    this.reason = reason;
  }

  get httpStatus(): number {
    return codes[this.code].http;
  }

  /** google.rpc.Status as long-running operations carry it. */
  get status(): { code: number; message: string } {
    return { code: codes[this.code].grpc, message: this.message };
  }

  /** The body, in the shape of the API that was called; `service` is the host that answers. */
  render(shape: ErrorShape, service: string): { contentType: string; text: string } {
    if (shape === "xml") return { contentType: "application/xml; charset=UTF-8", text: this.#xml() };
    const error = shape === "legacy" ? this.#legacy() : this.#rpc(service);
    return {
      contentType: "application/json; charset=UTF-8",
      text: `${JSON.stringify({ error }, null, 2)}\n`,
    };
  }

  #rpc(service: string): object {
    return {
      code: this.httpStatus,
      message: this.message,
      status: canonical[this.code] ?? this.code,
      details: [
        {
          "@type": "type.googleapis.com/google.rpc.ErrorInfo",
          reason: this.reason,
          domain: "googleapis.com",
          metadata: { service },
        },
      ],
    };
  }

  #legacy(): object {
    const { http, reason } = codes[this.code];
    return {
      code: http,
      message: this.message,
      errors: [{ message: this.message, domain: "global", reason }],
    };
  }

  #xml(): string {
    const names: Partial<Record<GoogleCode, string>> = {
      NOT_FOUND: "NoSuchKey",
      UNAUTHENTICATED: "AuthenticationRequired",
    };
    const code = names[this.code] ?? "SignatureDoesNotMatch";
    return `<?xml version='1.0' encoding='UTF-8'?><Error><Code>${code}</Code><Message>${this.message}</Message></Error>`;
  }
}

export function notFound(resource: string): GoogleError {
  return new GoogleError("NOT_FOUND", `Resource '${resource}' was not found.`);
}
