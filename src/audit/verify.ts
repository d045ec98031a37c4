import { GatehouseError } from "#lib/errors";
import {
  type Checkpoint,
  emptyFrontier,
  extend,
  type Frontier,
  hashLeaf,
  isSameHash,
  parseVerifierKey,
  rootOf,
  type Verifier,
  verifyCheckpoint,
} from "#tlog";
import { isCommitted, type Leaf, parseLeaf } from "./leaf.ts";
import type { LogSource, StoredAttachment, StoredEntry, StoredMacKey } from "./store.ts";

export interface VerifyOptions {
  /** From outside the log: the server's announcement, a file kept by the auditor. */
  readonly verifierKey: string;
  /** A checkpoint seen earlier (its signed note). Without one, a cut-off end with its checkpoints cannot be noticed. */
  readonly pinned?: string;
}

/** What was proven, or the first place where it could not be. `problem` is a sentence for people. */
export type LogVerification =
  | {
      readonly kind: "verified";
      readonly origin: string;
      readonly entries: number;
      /** Entries under a signed checkpoint; those after it are only known to be unchanged since they were stored. */
      readonly signedEntries: number;
      /** Of the newest checkpoint, hex. */
      readonly root: string;
      readonly checkpoints: number;
      readonly attachments: number;
      readonly erasedAttachments: number;
      readonly containsPinned: boolean;
    }
  | { readonly kind: "broken"; readonly index: number | undefined; readonly problem: string };

/**
 * Reads the whole log and recomputes everything it claims. Needs nothing of the server but its verifier key. That
 * every checkpoint is consistent with the ones before follows from each being the root of a prefix of the same
 * entries, which is more than a consistency proof shows.
 */
export async function verifyLog(source: LogSource, options: VerifyOptions): Promise<LogVerification> {
  const verifier = parseVerifierKey(options.verifierKey);
  if (verifier === undefined) {
    throw new GatehouseError("verifier_key_invalid", "This is not a verifier key: name+8 hex digits+base64.");
  }
  try {
    return await new Verification(source, verifier, options.pinned).run();
  } catch (error) {
    if (error instanceof Broken) return { kind: "broken", index: error.index, problem: error.message };
    throw error;
  }
}

/** Leaves the nested loops; never leaves this file. */
class Broken extends Error {
  readonly index: number | undefined;
  constructor(problem: string, index?: number) {
    super(problem);
    this.index = index;
  }
}

/** A signed claim about a prefix of the log. */
interface Claim {
  readonly name: string;
  readonly checkpoint: Checkpoint;
}

const pageEntries = 512;
const pageCheckpoints = 256;
/** Attachments looked at together; a single larger one comes alone. */
const pageAttachmentBytes = 8 * 1024 * 1024;

class Verification {
  readonly #source: LogSource;
  readonly #verifier: Verifier;
  readonly #pinned: string | undefined;
  readonly #keys = new Map<string, StoredMacKey>();
  #frontier: Frontier = emptyFrontier;
  #newest: Checkpoint | undefined;
  #checkpoints = 0;
  #attachments = 0;
  #erased = 0;

  constructor(source: LogSource, verifier: Verifier, pinned: string | undefined) {
    this.#source = source;
    this.#verifier = verifier;
    this.#pinned = pinned;
  }

  async run(): Promise<LogVerification> {
    const size = await this.#sizeOfOwnLog();
    const pinned = this.#parsePinned();
    // Read before the entries: a server that appends and signs meanwhile only adds to what these cover.
    const claims = this.#claims((await this.#source.newestCheckpoint())?.number ?? 0);
    let claim = (await claims.next()).value;
    for await (const page of this.#pages()) {
      for (const { leafHash } of page) {
        this.#frontier = extend(this.#frontier, leafHash);
        if (this.#isDue(pinned)) this.#requireRoot(pinned);
        while (this.#isDue(claim)) {
          this.#requireRoot(claim);
          this.#newest = claim.checkpoint;
          claim = (await claims.next()).value;
        }
      }
      await this.#checkAttachments(page);
    }
    if (claim !== undefined) this.#requireLength(claim.checkpoint.size, claim.name);
    if (pinned !== undefined) this.#requireLength(pinned.checkpoint.size, pinned.name);
    this.#requireLength(size, "the log's head");
    await this.#requireNothingBeyond();
    return this.#result();
  }

  async #sizeOfOwnLog(): Promise<number> {
    const head = await this.#source.head();
    if (head === undefined) throw new Broken("There is no log here.");
    if (head.origin === this.#verifier.name) return head.size;
    throw new Broken(`This is the log "${head.origin}"; the key is for "${this.#verifier.name}".`);
  }

  #isDue(claim: Claim | undefined): claim is Claim {
    return claim?.checkpoint.size === this.#frontier.size;
  }

  #parsePinned(): Claim | undefined {
    if (this.#pinned === undefined) return undefined;
    const verification = verifyCheckpoint(this.#pinned, this.#verifier);
    if (verification.kind === "refused")
      throw new Broken(`The pinned checkpoint cannot be believed: ${verification.why}.`);
    return { name: "the pinned checkpoint", checkpoint: verification.checkpoint };
  }

  /** Stored checkpoints up to number `last`; each signed by the log, none smaller than the one before. */
  async *#claims(last: number): AsyncGenerator<Claim, undefined> {
    let after = 0;
    let largest = 0;
    for (;;) {
      const page = await this.#source.checkpoints(after, pageCheckpoints);
      for (const { number, size, note } of page) {
        if (number > last) return undefined;
        const name = `checkpoint ${number}`;
        const verification = verifyCheckpoint(note, this.#verifier);
        if (verification.kind === "refused")
          throw new Broken(`The ${name} cannot be believed: ${verification.why}.`);
        const { checkpoint } = verification;
        if (checkpoint.size !== size)
          throw new Broken(`The ${name} is filed under size ${size} but says ${checkpoint.size}.`);
        if (size < largest)
          throw new Broken(
            `The ${name} covers ${size} entries, an earlier one ${largest}: the log shrank.`,
            size,
          );
        largest = size;
        after = number;
        this.#checkpoints += 1;
        yield { name, checkpoint };
      }
      if (page.length < pageCheckpoints) return undefined;
    }
  }

  async *#pages(): AsyncGenerator<readonly StoredEntry[]> {
    let next = 0;
    for (;;) {
      const page = await this.#source.entries(next, pageEntries);
      for (const entry of page) {
        if (entry.index !== next)
          throw new Broken(`Entry ${next} is missing; the next one is ${entry.index}.`, next);
        if (!isSameHash(hashLeaf(entry.leaf), entry.leafHash)) {
          throw new Broken(
            `Entry ${next} was changed: its bytes no longer have the hash they were stored with.`,
            next,
          );
        }
        next += 1;
      }
      if (page.length > 0) yield page;
      if (page.length < pageEntries) return;
    }
  }

  #requireRoot({ name, checkpoint }: Claim): void {
    if (isSameHash(rootOf(this.#frontier), checkpoint.root)) return;
    const from = this.#newest?.size ?? 0;
    throw new Broken(
      `The first ${checkpoint.size} entries are not those that ${name} was signed over. ` +
        `Up to entry ${from - 1} they agreed with an earlier checkpoint, so an entry from ${from} to ${checkpoint.size - 1} was changed, dropped, added or moved.`,
      from,
    );
  }

  #requireLength(size: number, name: string): void {
    const { size: found } = this.#frontier;
    if (found < size) {
      throw new Broken(
        `The log ends after ${found} entries; ${name} covers ${size}. Entries ${found} to ${size - 1} are missing.`,
        found,
      );
    }
  }

  /** Attachments of entries that do not exist would be shown by nobody and missed by nobody. */
  async #requireNothingBeyond(): Promise<void> {
    const { size } = this.#frontier;
    const [stray] = await this.#source.attachments(size, Number.MAX_SAFE_INTEGER);
    const isNew =
      stray !== undefined && (await this.#source.entries(stray.index, 1))[0]?.index === stray.index;
    if (stray !== undefined && !isNew)
      throw new Broken(
        `There is an attachment "${stray.role}" of an entry ${stray.index} that does not exist.`,
        stray.index,
      );
  }

  async #checkAttachments(page: readonly StoredEntry[]): Promise<void> {
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

  async #checkRun(run: readonly { entry: StoredEntry; leaf: Leaf }[]): Promise<void> {
    const [first, last] = [run[0], run.at(-1)];
    if (first === undefined || last === undefined) return;
    const stored = await this.#source.attachments(first.entry.index, last.entry.index + 1);
    for (const { entry, leaf } of run) {
      await this.#checkEntry(
        entry.index,
        leaf,
        stored.filter(({ index }) => index === entry.index),
      );
    }
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
      if (found === undefined)
        throw new Broken(`The ${role} of entry ${index} is missing, and was not erased.`, index);
      await this.#checkAttachment(leaf, found);
    }
  }

  async #checkAttachment(leaf: Leaf, { index, role, bytes }: StoredAttachment): Promise<void> {
    const key = await this.#keyOf(leaf.key ?? "");
    if (bytes === undefined) {
      this.#erased += 1;
      return;
    }
    // Whoever changes an attachment could drop the key that would show it. So no key may be missing while there is
    // still something to check.
    if (key.kind !== "key")
      throw new Broken(
        `The ${role} of entry ${index} is there, but the key to check it is ${key.kind}.`,
        index,
      );
    if (!isCommitted(leaf, role, bytes, key.key))
      throw new Broken(`The ${role} of entry ${index} was changed.`, index);
    this.#attachments += 1;
  }

  async #keyOf(keyId: string): Promise<StoredMacKey> {
    const known = this.#keys.get(keyId) ?? (await this.#source.macKey(keyId));
    this.#keys.set(keyId, known);
    return known;
  }

  #result(): LogVerification {
    if (this.#newest === undefined)
      throw new Broken("The log has no checkpoint, so nothing vouches for its entries.");
    return {
      kind: "verified",
      origin: this.#verifier.name,
      entries: this.#frontier.size,
      signedEntries: this.#newest.size,
      root: Buffer.from(this.#newest.root).toString("hex"),
      checkpoints: this.#checkpoints,
      attachments: this.#attachments,
      erasedAttachments: this.#erased,
      containsPinned: this.#pinned !== undefined,
    };
  }
}
