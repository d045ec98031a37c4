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
import { DataKeys } from "../data-keys.ts";
import type { LogSource, StoredEntry } from "../store.ts";
import { Broken } from "./broken.ts";
import type { Undecided } from "./custody-rules.ts";
import { type Opener, openHere } from "./opener.ts";
import { AttachmentCheck, type AttachmentFindings } from "./verify-attachments.ts";

export interface VerifyOptions {
  /** From outside the log: the server's announcement, a file kept by the auditor. */
  readonly verifierKey: string;
  /** Checkpoints seen earlier (signed notes). Without one, a cut-off end with its checkpoints cannot be noticed. */
  readonly pinned?: readonly string[];
  /** Opens what is sealed. Without it ciphertext is checked against the entries, and not opened. */
  readonly keys?: DataKeys;
  /** What opens it; this thread, unless another is given. */
  readonly opener?: Opener;
  /** Told now and then how many entries have been checked. */
  readonly onChecked?: (entries: number) => void;
}

/** What was proven, or the first place where it could not be. `problem` is a sentence for people. */
export type LogVerification =
  | ({
      readonly kind: "verified";
      readonly origin: string;
      readonly entries: number;
      /** Entries under a signed checkpoint; those after it are only known to be unchanged since they were stored. */
      readonly signedEntries: number;
      /** Of the newest checkpoint, hex. */
      readonly root: string;
      readonly checkpoints: number;
      readonly containsPinned: boolean;
    } & AttachmentFindings)
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
    return await new Verification(source, verifier, options).run();
  } catch (error) {
    if (error instanceof Broken) return { kind: "broken", index: error.index, problem: error.message };
    throw error;
  }
}

/** A signed claim about a prefix of the log. */
interface Claim {
  readonly name: string;
  readonly checkpoint: Checkpoint;
}

const pageEntries = 512;
const pageCheckpoints = 256;

class Verification {
  readonly #source: LogSource;
  readonly #verifier: Verifier;
  readonly #pinned: readonly string[];
  readonly #attachments: AttachmentCheck;
  readonly #onChecked: VerifyOptions["onChecked"];
  #frontier: Frontier = emptyFrontier;
  #newest: Checkpoint | undefined;
  #checkpoints = 0;

  constructor(
    source: LogSource,
    verifier: Verifier,
    { pinned = [], keys, opener, onChecked }: VerifyOptions,
  ) {
    this.#source = source;
    this.#verifier = verifier;
    this.#pinned = pinned;
    this.#attachments = new AttachmentCheck(source, keys ?? new DataKeys(source, []), opener ?? openHere);
    this.#onChecked = onChecked;
  }

  async run(): Promise<LogVerification> {
    try {
      return await this.#run();
    } catch (error) {
      // What was read and not looked at yet lies before it, and the first bad entry is the one to tell.
      await this.#attachments.settle();
      throw error;
    }
  }

  async #run(): Promise<LogVerification> {
    const size = await this.#sizeOfOwnLog();
    const pinned = Map.groupBy(this.#parsePinned(), ({ checkpoint }) => checkpoint.size);
    // Read before the entries: a server that appends and signs meanwhile only adds to what these cover.
    const claims = this.#claims((await this.#source.newestCheckpoint())?.number ?? 0);
    let claim = (await claims.next()).value;
    for await (const page of this.#pages()) {
      for (const { leafHash } of page) {
        this.#frontier = extend(this.#frontier, leafHash);
        for (const kept of pinned.get(this.#frontier.size) ?? []) this.#requireRoot(kept);
        while (this.#isDue(claim)) {
          this.#requireRoot(claim);
          this.#newest = claim.checkpoint;
          claim = (await claims.next()).value;
        }
      }
      await this.#attachments.check(page);
      this.#onChecked?.(this.#frontier.size);
    }
    if (claim !== undefined) this.#requireLength(claim.checkpoint.size, claim.name);
    this.#requireLength(Math.max(0, ...pinned.keys()), "the pinned checkpoint");
    this.#requireLength(size, "the log's head");
    return this.#result(await this.#attachments.finish(this.#frontier.size, () => this.#pages()));
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

  #parsePinned(): readonly Claim[] {
    return this.#pinned.map((note) => {
      const verification = verifyCheckpoint(note, this.#verifier);
      if (verification.kind === "refused")
        throw new Broken(`The pinned checkpoint cannot be believed: ${verification.why}.`);
      return { name: "the pinned checkpoint", checkpoint: verification.checkpoint };
    });
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
    let asked = this.#source.entries(next, pageEntries);
    for (;;) {
      const page = await asked;
      const isLast = page.length < pageEntries;
      if (!isLast) {
        // Read while this page is checked. Where that ends with a throw, nobody waits for the next one any more.
        asked = this.#source.entries(next + pageEntries, pageEntries);
        asked.catch(() => undefined);
      }
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
      if (isLast) return;
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

  #result(attachments: AttachmentFindings): LogVerification {
    if (this.#newest === undefined)
      throw new Broken("The log has no checkpoint, so nothing vouches for its entries.");
    return {
      kind: "verified",
      origin: this.#verifier.name,
      entries: this.#frontier.size,
      signedEntries: this.#newest.size,
      root: Buffer.from(this.#newest.root).toString("hex"),
      checkpoints: this.#checkpoints,
      containsPinned: this.#pinned.length > 0,
      ...attachments,
      undecided: [...attachments.undecided, ...unsigned(attachments.erasures, this.#newest.size)],
    };
  }
}

/** Whoever owns the database can add entries behind the newest checkpoint, to explain what they destroyed. */
function unsigned(erasures: AttachmentFindings["erasures"], signedEntries: number): readonly Undecided[] {
  return erasures
    .filter(({ index }) => index >= signedEntries)
    .map(({ index, sessionId }) => ({
      index,
      problem: `Entry ${index} says that ${sessionId} was erased, and nobody has signed that: it is under no checkpoint yet.`,
    }));
}
