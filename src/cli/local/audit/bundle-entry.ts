import { z } from "zod";
import { auditEntryDetail } from "#api";
import { type Leaf, parseLeaf } from "#audit";
import { exportedEntry } from "#exports";
import { hashLeaf } from "#tlog";
import { BundleFault } from "./bundle-fault.ts";
import { parseSaid, quoted } from "./bundle-shape.ts";

const { shape } = auditEntryDetail.omit({ stage: true, stages: true, problem: true });
/** `entries/N.json`: an entry as an auditor is shown it, but for how far it has come, which the proof says. */
const saidOfEntry = z.strictObject({
  ...shape,
  attachments: z.array(shape.attachments.element.strict()),
  erasure: shape.erasure.unwrap().strict().optional(),
});
type SaidOfEntry = z.infer<typeof saidOfEntry>;

/** An entry that is proven. */
export interface ProvenEntry {
  readonly index: number;
  /** The exact bytes. */
  readonly bytes: Uint8Array;
}

export interface EntryFindings {
  readonly leaf: Leaf;
  /** Members, `attachments.state` below one, that only the server vouches for. */
  readonly notCovered: readonly string[];
}

/**
 * Recomputes all that `entries/N.json` takes from the entry. What remains are names, the detail and what became of attachments: the entry
 * commits to those with keyed digests, or not at all, so they are named as not covered. Throws `BundleFault`.
 */
export function checkEntryWords(file: string, value: unknown, { index, bytes }: ProvenEntry): EntryFindings {
  const said = parseSaid(saidOfEntry, file, value);
  const text = Buffer.from(bytes).toString("utf8");
  if (said.index !== index || said.leaf !== text)
    throw new BundleFault(file, "it is about another entry than the one proven");
  const leaf = parseLeaf(bytes);
  if (leaf === undefined)
    throw new BundleFault(file, "it is about bytes that are no entry this version can read");
  const leafHash = Buffer.from(hashLeaf(bytes)).toString("base64");
  requireSame(file, said, { ...exportedEntry(index, leaf, {}), leaf: text, leafHash });
  requireCommitted(file, said, leaf);
  const vouched = (["principal", "agent", "resource", "detail", "erasure"] as const).filter(
    (member) => said[member] !== undefined,
  );
  return { leaf, notCovered: [...vouched, ...(said.attachments.length > 0 ? ["attachments.state"] : [])] };
}

/** Each member on either side, so that neither a changed word nor one too many or too few passes. */
function requireSame(file: string, said: SaidOfEntry, expected: object): void {
  const {
    principal: _p,
    agent: _a,
    resource: _r,
    detail: _d,
    erasure: _e,
    attachments: _c,
    ...fromLeaf
  } = said;
  const found = new Map<string, unknown>(Object.entries(fromLeaf));
  const derived = new Map<string, unknown>(Object.entries(expected));
  for (const member of [...derived.keys(), ...found.keys()]) {
    if (found.get(member) !== derived.get(member))
      throw new BundleFault(file, `its ${quoted(member)} is not what the entry says`);
  }
}

/** The entry says in clear what it has beside it and how long each is, so nothing is added, left out or of another length. */
function requireCommitted(file: string, { attachments, detail }: SaidOfEntry, leaf: Leaf): void {
  const commitments = leaf.attachments ?? [];
  const committed = commitments.map(({ role, bytes }) => ({ role, bytes }));
  const listed = attachments.map(({ role, bytes }) => ({ role, bytes }));
  if (JSON.stringify(listed) !== JSON.stringify(committed))
    throw new BundleFault(file, 'its "attachments" are not those the entry commits to');
  const isOpened = attachments.some(({ role, state }) => role === "detail" && state === "as_committed");
  if (isOpened !== (detail !== undefined))
    throw new BundleFault(file, 'its "detail" is there and not opened, or opened and not there');
  const length = commitments.find(({ role }) => role === "detail")?.bytes;
  if (detail !== undefined && length !== undefined && !detailLengths(detail).includes(length))
    throw new BundleFault(file, 'its "detail" does not have the length the entry commits to');
}

/** Recorded as JSON without white space; one that was no JSON is shown as the text that it is. */
function detailLengths(detail: unknown): readonly number[] {
  const texts = [JSON.stringify(detail), ...(typeof detail === "string" ? [detail] : [])];
  return texts.map((text) => Buffer.byteLength(text, "utf8"));
}
