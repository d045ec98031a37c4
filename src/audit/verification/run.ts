import { type Keyring, type Opening, openAttachment, unopened } from "../attachment.ts";
import { type Leaf, parseLeaf } from "../leaf.ts";
import type { LogSource, StoredAttachment, StoredEntry } from "../store.ts";
import { Broken } from "./broken.ts";
import type { Opener, Sample, Verdict } from "./opener.ts";

/** Entries whose attachments are read and opened together. */
export type Run = readonly { readonly entry: StoredEntry; readonly leaf: Leaf }[];

/** What a run may have beside it, in bytes; a single larger attachment comes alone. */
const runBytes = 4 * 1024 * 1024;

/** As many entries as have no more beside them than may be in memory, by what they say. */
export function* runsOf(page: readonly StoredEntry[]): Generator<Run> {
  let run: { entry: StoredEntry; leaf: Leaf }[] = [];
  let bytes = 0;
  for (const entry of page) {
    const leaf = parseLeaf(entry.leaf);
    if (leaf === undefined)
      throw new Broken(`Entry ${entry.index} is not an entry this version can read.`, entry.index);
    const declared = (leaf.attachments ?? []).reduce((sum, each) => sum + each.bytes, 0);
    if (run.length > 0 && bytes + declared > runBytes) {
      yield run;
      run = [];
      bytes = 0;
    }
    run.push({ entry, leaf });
    bytes += declared;
  }
  yield run;
}

/** As an `Opening`; in clear only where somebody reads it. */
export type Finding =
  | Exclude<Opening, { kind: "opened" }>
  | { readonly kind: "opened"; readonly bytes: Uint8Array | undefined };

/** An entry, what lies beside it, and what became of each thing that it commits to, in the order it says them. */
export interface LookedAt {
  readonly index: number;
  readonly leaf: Leaf;
  readonly stored: readonly StoredAttachment[];
  readonly findings: readonly Finding[];
}

export interface RunParts {
  readonly source: Pick<LogSource, "attachments">;
  readonly keyring: Keyring;
  readonly opener: Opener;
  /** Of which entries the details are read. */
  readonly isRead: (leaf: Leaf) => boolean;
}

/** Somewhere to put what the opener finds. */
interface Place {
  readonly findings: Finding[];
  readonly position: number;
}
type Batch = (Place & { readonly sample: Sample })[];

/** Reads what lies beside a run and opens it, all that is under one key together. Judges nothing. */
export async function lookAt(run: Run, parts: RunParts): Promise<readonly LookedAt[]> {
  const [first, last] = [run[0], run.at(-1)];
  if (first === undefined || last === undefined) return [];
  const stored = await parts.source.attachments(first.entry.index, last.entry.index + 1);
  const byIndex = Map.groupBy(stored, ({ index }) => index);
  const batches = new Map<string, Batch>();
  const lookedAt: LookedAt[] = [];
  for (const { entry, leaf } of run) {
    const findings: Finding[] = [];
    const beside = byIndex.get(entry.index) ?? [];
    for (const [position, committed] of (leaf.attachments ?? []).entries()) {
      const { role } = committed;
      const found = beside.find((each) => each.role === role);
      if (committed.sealed === undefined || found?.bytes === undefined) {
        findings[position] = await openAttachment(leaf, role, found, parts.keyring);
        continue;
      }
      const batch = batches.get(leaf.key ?? "") ?? [];
      batches.set(leaf.key ?? "", batch);
      const isRead = role === "detail" && parts.isRead(leaf);
      const sample = { place: { recordId: leaf.id, role }, committed, bytes: found.bytes, isRead };
      batch.push({ findings, position, sample });
    }
    lookedAt.push({ index: entry.index, leaf, stored: beside, findings });
  }
  await Promise.all([...batches].map(([keyId, batch]) => openBatch(keyId, batch, parts)));
  return lookedAt;
}

async function openBatch(keyId: string, batch: Batch, { keyring, opener }: RunParts): Promise<void> {
  const samples = batch.map(({ sample }) => sample);
  // In an object, since the key is not lent for as long as the opener takes.
  const key = await keyring.keys.find(keyId, (lent) => ({ verdicts: opener.open(samples, lent) }));
  const verdicts = await (key.kind === "used" ? key.value.verdicts : opener.open(samples, undefined));
  const sealed = key.kind === "used" ? undefined : unopened(key);
  for (const [number, { findings, position }] of batch.entries())
    findings[position] = findingOf(verdicts[number], sealed);
}

/** What nobody gave a verdict on is not vouched for. */
function findingOf(verdict: Verdict | undefined, sealed: Finding | undefined): Finding {
  if (verdict?.kind === "opened") return verdict;
  return verdict?.kind === "sealed" && sealed !== undefined ? sealed : { kind: "changed" };
}
