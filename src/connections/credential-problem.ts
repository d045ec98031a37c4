import { GatehouseError } from "#lib/errors";

/**
 * What may be said about a failed fetch. Errors of Google's library carry the whole request, the signed assertion
 * included, and quote the answer: nothing of theirs is passed on but a status and words from short lists of shapes.
 */
export function credentialProblem(connection: string, error: unknown): GatehouseError {
  const why = describe(error);
  return new GatehouseError(
    "credential_unavailable",
    `Connection ${connection} got no credential: ${why}. Whoever runs Gatehouse should look at its identity.`,
    { cause: new Error(`${error instanceof Error ? word(error.name) : "thrown value"}: ${why}`) },
  );
}

function describe(error: unknown): string {
  const ours = [error, causeOf(error)].find((each) => each instanceof GatehouseError);
  if (ours !== undefined) return ours.message.replace(/\.$/, "");
  const status = member(error, "status") ?? member(member(error, "response"), "status");
  const reason = reasonOf(member(member(error, "response"), "data"));
  if (typeof status === "number") return `HTTP ${status}${reason === "" ? "" : ` ${reason}`}`;
  const code = member(error, "code") ?? member(causeOf(error), "code");
  if (typeof code === "string") return word(code);
  // The library's own complaints quote what they could not read.
  return "no usable token came back";
}

/** OAuth's `error` (RFC 6749 section 5.2) or the `status` of Google's errors. */
function reasonOf(data: unknown): string {
  const reason = member(data, "error");
  const text = typeof reason === "string" ? reason : member(reason, "status");
  return typeof text === "string" ? word(text) : "";
}

/** An identifier, or nothing: long or strange text may be anything. */
function word(text: string): string {
  return /^[A-Za-z_]{1,40}$/.test(text) ? text : "";
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
