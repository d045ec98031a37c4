import { createHash } from "node:crypto";
import { matchBody } from "./match-body.ts";

/** All that an approval binds: what was reviewed, by whom it was asked, what it goes through, and under which policies. */
export interface FingerprintInput {
  readonly principalId: string;
  readonly agent: string;
  readonly sessionId: string;
  readonly connection: string;
  /** What that connection is; its name can be given to another. */
  readonly connectionVersion: string;
  readonly host: string;
  readonly method: string;
  /** Raw request target, as it will be forwarded: path and query, nothing decoded. */
  readonly target: string;
  readonly body: Uint8Array;
  readonly policyVersion: string;
}

/** SHA-256, hex. Every field is prefixed with its length, so that no two inputs run together into the same bytes. */
export function fingerprint(input: FingerprintInput): string {
  return digest("apr/v2", [
    input.principalId,
    input.agent,
    input.sessionId,
    input.connection,
    input.connectionVersion,
    input.host,
    input.method,
    input.target,
    createHash("sha256").update(input.body).digest(),
    input.policyVersion,
  ]);
}

/** What makes a call the same call when it is sent again: not the session, not the ids that clients make up anew. */
export interface MatchKeyInput {
  readonly principalId: string;
  readonly agent: string;
  readonly connection: string;
  readonly host: string;
  readonly method: string;
  readonly operationId: string;
  readonly resourceName: string;
  /** Decoded. */
  readonly query: ReadonlyMap<string, string>;
  /** Parameters that were there more than once, in the order of the call; not among `query`. */
  readonly repeatedQuery: ReadonlyMap<string, readonly string[]> | undefined;
  readonly contentType: string | undefined;
  readonly body: Uint8Array;
  /** Body members (dotted) and query parameters to leave out, from the catalogue. */
  readonly volatileFields: readonly string[];
}

/**
 * SHA-256, hex. It only finds an approval request; what runs then are the bytes held with it. Whoever makes two calls
 * meet here gains the answer to the one that was reviewed, and nothing else.
 */
export function matchKey(input: MatchKeyInput): string {
  const repeated = [...(input.repeatedQuery ?? [])].flatMap(([name, values]) =>
    values.map((value): [string, string] => [name, value]),
  );
  // Sorting keeps the values of one name in their order, which may mean something.
  const query = [...input.query, ...repeated]
    .filter(([name]) => !input.volatileFields.includes(name))
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return digest("apr-match/v1", [
    input.principalId,
    input.agent,
    input.connection,
    input.host,
    input.method,
    input.operationId,
    input.resourceName,
    String(query.length),
    ...query.flat(),
    matchBody(input.body, input.contentType, input.volatileFields),
  ]);
}

function digest(domain: string, fields: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const field of [domain, ...fields]) {
    const bytes = typeof field === "string" ? Buffer.from(field, "utf8") : field;
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(bytes.length));
    hash.update(length).update(bytes);
  }
  return hash.digest("hex");
}
