import { type Keyring, type Opening, openAttachment } from "./attachment.ts";
import { Broken } from "./broken.ts";
import type { DataKeys, KeyFinding } from "./data-keys.ts";
import { type Erasure, erasureOf } from "./erasure.ts";
import { type Leaf, parseLeaf } from "./leaf.ts";
import type { LogSource, StoredAttachment, StoredEntry } from "./store.ts";

export interface AttachmentFindings {
  /** Opened, and as committed. */
  readonly attachments: number;
  /** Sealed as committed, and not opened for want of a key. */
  readonly unopenedAttachments: number;
  /** Why the first of them was not opened. */
  readonly unopenedBecause: string | undefined;
  readonly erasedAttachments: number;
  /** Of those, the ones written before there were erasures, and which no entry explains. */
  readonly unexplainedAttachments: number;
  readonly erasures: readonly Erasure[];
}

/** Attachments looked at together; a single larger one comes alone. */
const pageAttachmentBytes = 8 * 1024 * 1024;

/** Checks everything beside the entries against what they commit to, and that whatever is gone was erased on record. */
export class AttachmentCheck {
  readonly #source: LogSource;
  readonly #keyring: Keyring;
  readonly #erasures: Erasure[] = [];
  /** Of each key under which something is gone, the first place: an entry must say that it was erased. */
  readonly #toExplain = new Map<string, { readonly index: number; readonly role: string }>();
  /** The same where it was written in clear: earlier versions knew no such entry. */
  readonly #gonePlain = new Map<string, number>();
  /** Keys that could not be opened: without any, each attachment would ask the store again, and the provider. */
  readonly #locked = new Map<string, KeyFinding>();
  #opened = 0;
  #unopened = 0;
  #unopenedBecause: string | undefined;
  #erased = 0;

  constructor(source: LogSource, keys: DataKeys) {
    this.#source = source;
    this.#keyring = { source, keys: { find: (id) => this.#findKey(keys, id) } };
  }

  async check(page: readonly StoredEntry[]): Promise<void> {
    let run: { entry: StoredEntry; leaf: Leaf }[] = [];
    let bytes = 0;
    for (const entry of page) {
      const leaf = parseLeaf(entry.leaf);
      if (leaf === undefined)
        throw new Broken(`Entry ${entry.index} is not an entry this version can read.`, entry.index);
      const declared = (leaf.attachments ?? []).reduce((sum, each) => sum + each.bytes, 0);
      if (bytes + declared > pageAttachmentBytes) {
        await this.#checkRun(run);
        run = [];
        bytes = 0;
      }
      run.push({ entry, leaf });
      bytes += declared;
    }
    await this.#checkRun(run);
  }

  /** `size`: of the whole log, once all of it was checked. */
  async finish(size: number): Promise<AttachmentFindings> {
    await this.#requireNothingBeyond(size);
    const erased = new Set(this.#erasures.map(({ sessionId }) => sessionId));
    for (const [keyId, { index, role }] of this.#toExplain) {
      if (!erased.has(keyId))
        throw new Broken(`The ${role} of entry ${index} was erased, and no entry says so.`, index);
    }
    for (const erasure of this.#erasures) await this.#requireDestroyed(erasure);
    const unexplained = [...this.#gonePlain].filter(([keyId]) => !erased.has(keyId));
    return {
      attachments: this.#opened,
      unopenedAttachments: this.#unopened,
      unopenedBecause: this.#unopenedBecause,
      erasedAttachments: this.#erased,
      unexplainedAttachments: unexplained.reduce((sum, [, count]) => sum + count, 0),
      erasures: this.#erasures,
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

  async #findKey(keys: DataKeys, id: string): Promise<KeyFinding> {
    const locked = this.#locked.get(id);
    if (locked !== undefined) return locked;
    const finding = await keys.find(id);
    if (finding.kind === "locked") this.#locked.set(id, finding);
    return finding;
  }

  async #checkRun(run: readonly { entry: StoredEntry; leaf: Leaf }[]): Promise<void> {
    const [first, last] = [run[0], run.at(-1)];
    if (first === undefined || last === undefined) return;
    const stored = await this.#source.attachments(first.entry.index, last.entry.index + 1);
    const byIndex = Map.groupBy(stored, ({ index }) => index);
    for (const { entry, leaf } of run)
      await this.#checkEntry(entry.index, leaf, byIndex.get(entry.index) ?? []);
  }

  async #checkEntry(index: number, leaf: Leaf, stored: readonly StoredAttachment[]): Promise<void> {
    const committed = leaf.attachments ?? [];
    const stranger = stored.find(({ role }) => !committed.some((each) => each.role === role));
    if (stranger !== undefined)
      throw new Broken(
        `Entry ${index} has an attachment "${stranger.role}" that it does not commit to.`,
        index,
      );
    for (const { role } of committed) {
      const found = stored.find((each) => each.role === role);
      const opening = await openAttachment(leaf, role, found, this.#keyring);
      this.#judge(opening, { index, role, leaf });
    }
    const erasure = await erasureOf({ index, leaf }, this.#source, this.#keyring);
    if (erasure !== undefined) this.#erasures.push(erasure);
  }

  #judge(
    opening: Opening,
    { index, role, leaf }: { readonly index: number; readonly role: string; readonly leaf: Leaf },
  ): void {
    const broken = (how: string): Broken => new Broken(`The ${role} of entry ${index} ${how}.`, index);
    switch (opening.kind) {
      case "opened":
        this.#opened += 1;
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
        if (opening.code === "wrapped_key_broken")
          throw broken(`cannot be opened, because its key was changed: ${opening.why}`);
        this.#unopened += 1;
        this.#unopenedBecause ??= opening.why;
        return;
      case "erased":
        this.#erased += 1;
        this.#gone(opening.left, { index, role, leaf });
    }
  }

  #gone(
    left: "nothing" | "bytes",
    { index, role, leaf }: { readonly index: number; readonly role: string; readonly leaf: Leaf },
  ): void {
    const keyId = leaf.key ?? "";
    const wasPlain = leaf.attachments?.find((each) => each.role === role)?.sealed === undefined;
    if (wasPlain && left === "nothing") this.#gonePlain.set(keyId, (this.#gonePlain.get(keyId) ?? 0) + 1);
    else if (!this.#toExplain.has(keyId)) this.#toExplain.set(keyId, { index, role });
  }
}
