import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { auditEntryDetail } from "#api";
import { type Leaf, parseLeaf } from "#audit";
import { exportedEntry } from "#exports";
import { hashLeaf } from "#tlog";
import { BundleBroken } from "./bundle-broken.ts";
import { isCanonical, parseJsonFile } from "./bundle-json.ts";

/** Members of `entries/N.json` that the entry itself does not say: the server's word, shown and proven by nothing. */
export const unprovenMembers = ["principal", "agent", "resource", "detail", "erasure", "stages"] as const;

const { principal, agent, resource, detail, erasure, stages } = auditEntryDetail.shape;
const attachments = z.array(
  z.strictObject({
    role: z.string(),
    bytes: z.int(),
    state: auditEntryDetail.shape.attachments.element.shape.state,
  }),
);
const unproven = z.object({ principal, agent, resource, detail, erasure, stages, attachments });

/** An entry that was proven. */
export interface ProvenEntry {
  readonly index: number;
  readonly leaf: Leaf;
  readonly bytes: Uint8Array;
}

/** Throws `BundleBroken` for bytes that are proven, and no entry, or one that two readers could read as two. */
export function provenEntry(file: string, index: number, bytes: Uint8Array): ProvenEntry {
  const leaf = parseLeaf(bytes);
  if (leaf === undefined || !isCanonical(Buffer.from(bytes).toString("utf8")))
    throw new BundleBroken(file, "it is proven, and no entry in a form that this version knows");
  return { index, leaf, bytes };
}

/**
 * Holds `entries/N.json` against the entry: all that could be derived from the entry is derived, and the file must say that and
 * nothing else, save for the members that are the server's word. Returns which of those are there.
 */
export function checkWords(file: string, text: string, entry: ProvenEntry): ReadonlySet<string> {
  const said = parseJsonFile(file, text);
  const beside = unproven.safeParse(said);
  if (!isObject(said) || !beside.success) throw new BundleBroken(file, "it is not about an entry");
  const derived = derivedWords(entry, beside.data.attachments);
  for (const [name, value] of Object.entries(said)) {
    if (isUnproven(name)) continue;
    if (!Object.hasOwn(derived, name))
      throw new BundleBroken(
        file,
        `it says "${name}", and neither does the entry nor is that a word of a bundle`,
      );
    if (!isDeepStrictEqual(value, derived[name]))
      throw new BundleBroken(file, `its "${name}" is not what the entry says`);
  }
  for (const name of Object.keys(derived))
    if (!Object.hasOwn(said, name))
      throw new BundleBroken(file, `it leaves out "${name}", which the entry says`);
  if (
    beside.data.detail !== undefined &&
    entry.leaf.attachments?.some(({ role }) => role === "detail") !== true
  )
    throw new BundleBroken(file, "it has a detail, and the entry commits to none");
  return new Set(Object.keys(said).filter(isUnproven));
}

/** What became of an attachment is the server's word as well; that there is one, and how long, the entry says. */
function derivedWords(
  { index, leaf, bytes }: ProvenEntry,
  states: readonly { readonly state: string }[],
): Readonly<Record<string, unknown>> {
  const committed = leaf.attachments ?? [];
  return {
    ...exportedEntry(index, leaf, {}),
    leaf: Buffer.from(bytes).toString("utf8"),
    leafHash: Buffer.from(hashLeaf(bytes)).toString("base64"),
    attachments: committed.map(({ role, bytes: length }, n) => ({
      role,
      bytes: length,
      state: states[n]?.state,
    })),
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isUnproven(name: string): boolean {
  return unprovenMembers.some((each) => each === name);
}
