import type { Hash } from "./hash.ts";
import { decodeBase64 } from "./note.ts";

// C2SP tlog-witness (https://c2sp.org/tlog-witness): the body of `add-checkpoint`, by which a log shows a witness how it grew.

/** Taken apart, nothing believed yet. */
export interface AddCheckpoint {
  /** What the log thinks the witness saw last. */
  readonly oldSize: number;
  /** Consistency from there (RFC 6962 section 2.1.2). */
  readonly proof: readonly Hash[];
  /** A signed note. */
  readonly checkpoint: string;
}

const proofLinesMax = 63;

export function formatAddCheckpoint({ oldSize, proof, checkpoint }: AddCheckpoint): string {
  const lines = [`old ${oldSize}`, ...proof.map((hash) => Buffer.from(hash).toString("base64"))];
  return `${lines.join("\n")}\n\n${checkpoint}`;
}

/** `undefined` for anything that is not such a body to the letter. The note in it is not looked at. */
export function parseAddCheckpoint(body: string): AddCheckpoint | undefined {
  const border = body.indexOf("\n\n");
  if (border < 0) return undefined;
  const [first = "", ...encoded] = body.slice(0, border).split("\n");
  const oldSize = first.startsWith("old ") ? parseTreeSize(first.slice(4)) : undefined;
  if (oldSize === undefined || encoded.length > proofLinesMax) return undefined;
  const proof = encoded.map(decodeBase64).filter((hash) => hash?.length === 32);
  if (proof.length !== encoded.length) return undefined;
  return { oldSize, proof: proof.flatMap((hash) => hash ?? []), checkpoint: body.slice(border + 2) };
}

/** Decimal without leading zeros; `undefined` for anything else, sizes beyond exact numbers included. */
export function parseTreeSize(digits: string): number | undefined {
  const size = /^(0|[1-9][0-9]{0,15})$/.test(digits) ? Number(digits) : Number.NaN;
  return Number.isSafeInteger(size) ? size : undefined;
}
