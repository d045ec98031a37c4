import type { Keyring } from "../attachment.ts";
import type { DataKeys, KeyFinding } from "../data-keys.ts";
import { type Erasure, erasureOf } from "../erasure.ts";
import { type Leaf, parseLeaf } from "../leaf.ts";
import type { LogSource, StoredEntry } from "../store.ts";
import { type AttachmentCounts, AttachmentTally } from "./attachment-counts.ts";
import { Broken } from "./broken.ts";
import { type CustodyFindings, CustodyRules } from "./custody-rules.ts";
import type { Opener } from "./opener.ts";
import { type Finding, type LookedAt, lookAt, type Run, type RunParts, runsOf } from "./run.ts";

export interface AttachmentFindings extends AttachmentCounts, CustodyFindings {
  /** Opened, and as committed. */
  readonly attachments: number;
  /** Sealed as committed, and not opened for want of a key. */
  readonly unopenedAttachments: number;
  /** Whether there was any key to open anything with: then nothing should be left unopened. */
  readonly hasKeys: boolean;
  /** Why the first of them was not opened. */
  readonly unopenedBecause: string | undefined;
  readonly erasedAttachments: number;
  readonly erasures: readonly Erasure[];
}

/** Runs that are read and opened at a time, so that the opener always has one more. With the one that is judged they are what is in memory. */
const runsAhead = 4;

/** Checks everything beside the entries against what they commit to, and that whatever is gone was erased on record. */
export class AttachmentCheck {
  readonly #source: LogSource;
  readonly #erasures: Erasure[] = [];
  readonly #rules = new CustodyRules();
  readonly #hasKeys: boolean;
  /** Of each key under which something is gone, the first and the last place: a later entry must say that it was erased. */
  readonly #toExplain = new Map<string, { readonly first: Place; readonly last: Place }>();
  /** Keys that could not be opened: without any, each attachment would ask the store again, and the provider. */
  readonly #locked = new Map<string, Extract<KeyFinding<never>, { kind: "locked" }>>();
  readonly #tally = new AttachmentTally();
  readonly #parts: RunParts;
  readonly #underWay: Promise<readonly LookedAt[]>[] = [];
  #unopenedBecause: string | undefined;

  constructor(source: LogSource, keys: DataKeys, opener: Opener) {
    this.#source = source;
    const keyring = { source, keys: this.#askingOnce(keys) };
    this.#parts = { source, keyring, opener, isRead: (leaf) => this.#rules.isAct(leaf) };
    this.#hasKeys = keys.hasProviders;
  }

  /**
   * Entries in order, each once. What lies beside them is asked for now and judged while what comes next is read: by later
   * calls, or by `settle`.
   */
  async check(page: readonly StoredEntry[]): Promise<void> {
    for (const run of runsOf(page)) {
      while (this.#underWay.length >= runsAhead) await this.#judgeNext();
      this.#begin(run);
    }
  }

  /** Judges what was asked for and not judged yet. What is wrong there comes before whatever is wrong further on. */
  async settle(): Promise<void> {
    while (this.#underWay.length > 0) await this.#judgeNext();
  }

  #begin(run: Run): void {
    const lookedAt = lookAt(run, this.#parts);
    // Whoever stops before it is judged does not wait for it.
    lookedAt.catch(() => undefined);
    this.#underWay.push(lookedAt);
  }

  async #judgeNext(): Promise<void> {
    for (const entry of (await this.#underWay.shift()) ?? []) await this.#judgeEntry(entry);
  }

  /** `size`: of the whole log, once all of it was checked. `again`: the same entries once more. */
  async finish(
    size: number,
    again: () => AsyncIterable<readonly StoredEntry[]>,
  ): Promise<AttachmentFindings> {
    await this.settle();
    await this.#requireNothingBeyond(size);
    const erasedUntil = new Map(this.#erasures.map(({ sessionId, index }) => [sessionId, index]));
    for (const [keyId, place] of this.#toExplain) requireExplained(place, erasedUntil.get(keyId));
    for (const erasure of this.#erasures) await this.#requireDestroyed(erasure);
    return {
      attachments: this.#tally.total("asCommitted"),
      unopenedAttachments: this.#tally.total("notOpened"),
      hasKeys: this.#hasKeys,
      unopenedBecause: this.#unopenedBecause,
      erasedAttachments: this.#tally.total("erased"),
      erasures: this.#erasures,
      ...this.#tally.counts(),
      ...(await this.#rules.finish(() => parsedLeaves(again()))),
    };
  }

  /** A key that came back, from a backup perhaps: what was promised to be gone is not. */
  async #requireDestroyed({ sessionId, index }: Erasure): Promise<void> {
    const isBack =
      (await this.#source.dataKey(sessionId)).kind === "wrapped" ||
      (await this.#source.macKey(sessionId)).kind === "key";
    if (isBack)
      throw new Broken(
        `Entry ${index} says that the recordings of ${sessionId} were erased; their key is there again.`,
        index,
      );
  }

  /** Attachments of entries that do not exist would be shown by nobody and missed by nobody. */
  async #requireNothingBeyond(size: number): Promise<void> {
    const [stray] = await this.#source.attachments(size, Number.MAX_SAFE_INTEGER);
    const isNew =
      stray !== undefined && (await this.#source.entries(stray.index, 1))[0]?.index === stray.index;
    if (stray !== undefined && !isNew)
      throw new Broken(
        `There is an attachment "${stray.role}" of an entry ${stray.index} that does not exist.`,
        stray.index,
      );
  }

  #askingOnce(keys: DataKeys): Keyring["keys"] {
    return {
      find: async (id, use) => {
        const locked = this.#locked.get(id);
        if (locked !== undefined) return locked;
        const finding = await keys.find(id, use);
        if (finding.kind === "locked") this.#locked.set(id, finding);
        return finding;
      },
    };
  }

  async #judgeEntry({ index, leaf, stored, findings }: LookedAt): Promise<void> {
    const committed = leaf.attachments ?? [];
    const stranger = stored.find(({ role }) => !committed.some((each) => each.role === role));
    if (stranger !== undefined)
      throw new Broken(
        `Entry ${index} has an attachment "${stranger.role}" that it does not commit to.`,
        index,
      );
    // Of two under one role only one would be looked at.
    const roles = new Set(committed.map(({ role }) => role));
    if (roles.size !== committed.length || stored.length > roles.size)
      throw new Broken(`Entry ${index} has two attachments of one role.`, index);
    let detail: Finding | undefined;
    for (const [position, { role }] of committed.entries()) {
      const finding = findings[position] ?? { kind: "missing" };
      this.#judge(finding, { index, role, leaf });
      if (role === "detail") detail = finding;
    }
    this.#rules.note(index, leaf, readDetail(detail));
    if (leaf.kind !== "key.shred") return;
    const erasure = await erasureOf({ index, leaf }, this.#source, this.#parts.keyring);
    if (erasure !== undefined) this.#erasures.push(erasure);
  }

  #judge(
    finding: Finding,
    { index, role, leaf }: { readonly index: number; readonly role: string; readonly leaf: Leaf },
  ): void {
    const broken = (how: string): Broken => new Broken(`The ${role} of entry ${index} ${how}.`, index);
    switch (finding.kind) {
      case "opened":
        this.#tally.add(role, "asCommitted");
        return;
      case "changed":
        throw broken("was changed");
      case "missing":
        throw broken("is missing, and was not erased");
      // Whoever changes an attachment could drop the key that would show it. So no key may be missing while there is
      // still something to check.
      case "keyless":
        throw broken("is there, but the key to check it is missing");
      case "locked":
        if (finding.code === "wrapped_key_broken")
          throw broken(`cannot be opened, because its key was changed: ${finding.why}`);
        this.#tally.add(role, "notOpened");
        this.#unopenedBecause ??= finding.why;
        return;
      case "erased":
        this.#tally.add(role, "erased");
        this.#gone(leaf.key ?? "", { index, role });
    }
  }

  #gone(keyId: string, place: Place): void {
    this.#toExplain.set(keyId, { first: this.#toExplain.get(keyId)?.first ?? place, last: place });
  }
}

interface Place {
  readonly index: number;
  readonly role: string;
}

/** `erasedBy`: index of the entry that says that all under this key was erased. */
function requireExplained(
  { first, last }: { first: Place; last: Place },
  erasedBy: number | undefined,
): void {
  if (erasedBy === undefined)
    throw new Broken(
      `The ${first.role} of entry ${first.index} was erased, and no entry says so.`,
      first.index,
    );
  if (erasedBy < last.index)
    throw new Broken(
      `The ${last.role} of entry ${last.index} was erased, and the entry that would say so, ${erasedBy}, is older than it.`,
      last.index,
    );
}

function readDetail(finding: Finding | undefined): Parameters<CustodyRules["note"]>[2] {
  if (finding === undefined) return { kind: "none" };
  const bytes = finding.kind === "opened" ? finding.bytes : undefined;
  return bytes === undefined ? { kind: "unread" } : { kind: "read", bytes };
}

async function* parsedLeaves(
  pages: AsyncIterable<readonly StoredEntry[]>,
): AsyncGenerator<{ index: number; leaf: Leaf }> {
  for await (const page of pages) {
    for (const { index, leaf: bytes } of page) {
      const leaf = parseLeaf(bytes);
      if (leaf !== undefined) yield { index, leaf };
    }
  }
}
