import type { Leaf } from "../leaf.ts";
import { areTwo, type Certainty, type CustodyAct, fits, parseSaid } from "./custody-acts.ts";
import { CustodyHistory } from "./custody-history.ts";

/** An entry that is what was signed, and tells of something that the rules of holds and erasures forbid. */
export interface Breach {
  readonly code:
    | "erased_under_hold"
    | "erased_by_one"
    | "erased_unasked"
    | "erased_early"
    | "erased_for_no_cause"
    | "erased_day"
    | "released_by_one"
    | "released_unasked";
  readonly index: number;
  /** A sentence for people. */
  readonly problem: string;
}

/** What the rules ask of an entry, and nobody here can answer. */
export type Undecided = Pick<Breach, "index" | "problem">;

export interface CustodyFindings {
  readonly breaches: readonly Breach[];
  readonly undecided: readonly Undecided[];
}

/** What became of an entry's detail. */
type Detail =
  | { readonly kind: "none" }
  | { readonly kind: "unread" }
  | { readonly kind: "read"; readonly bytes: Uint8Array };

type Entries = () => AsyncIterable<{ readonly index: number; readonly leaf: Leaf }>;

/**
 * Holds what entries say of holds and erasures against the rules: nothing is erased under a hold, nor by one auditor alone, and
 * a hold is released by two. Whoever controls the server can have such entries signed; not even they can make them
 * look allowed without lying in further entries, which stay.
 */
export class CustodyRules {
  readonly #history = new CustodyHistory();
  /** Of each session the time of its first entry. */
  readonly #begun = new Map<string, string>();
  readonly #breaches: Breach[] = [];
  readonly #undecided: Undecided[] = [];

  /** Whether the rules have something to read in its detail. */
  isAct(leaf: Leaf): boolean {
    return this.#history.listFor(leaf) !== undefined;
  }

  /** Each entry once, in order. */
  note(index: number, leaf: Leaf, detail: Detail): void {
    const list = this.#history.listFor(leaf);
    if (list !== undefined) list.push({ index, leaf, said: saidBy(detail) });
    else if (leaf.session !== undefined && !this.#begun.has(leaf.session))
      this.#begun.set(leaf.session, leaf.t);
  }

  /**
   * `again` gives the entries once more; it is asked only when an erasure must be held against a hold on a query. Without it
   * that is undecided.
   */
  async finish(again: Entries | undefined): Promise<CustodyFindings> {
    for (const release of this.#history.releases) this.#judgeRelease(release);
    for (const erasure of this.#history.erasures) this.#judgeErasure(erasure);
    await this.#judgeQueries(again);
    const inOrder = (one: Undecided, other: Undecided) => one.index - other.index;
    return { breaches: this.#breaches.sort(inOrder), undecided: this.#undecided.sort(inOrder) };
  }

  #judgeRelease(release: CustodyAct): void {
    const { index, said } = release;
    const what = `Entry ${index} released a hold`;
    if (this.#history.requestOf(release) === undefined)
      this.#breach(
        "released_unasked",
        index,
        `${what}, and no entry before says that one auditor had asked for it.`,
      );
    if (said === undefined) this.#open(index, `Who released a hold with entry ${index} cannot be read here.`);
    else if (!areTwo(said)) this.#breach("released_by_one", index, `${what} without two different auditors.`);
  }

  #judgeErasure(erasure: CustodyAct): void {
    const { index, leaf } = erasure;
    const what = erased(erasure);
    if (isDay(leaf.session ?? ""))
      this.#breach(
        "erased_day",
        index,
        `${what}, a day's key: what is recorded outside sessions is never erased.`,
      );
    if (leaf.decision === "erasure") this.#judgeAuditors(erasure);
    else if (leaf.decision === "retention") this.#judgeRetention(erasure);
    else
      this.#breach(
        "erased_for_no_cause",
        index,
        `${what} neither for two auditors nor because its time was over.`,
      );
    for (const { hold, stood } of this.#history.holdsAgainst(erasure))
      if (hold.leaf.session !== undefined && hold.leaf.session === leaf.session)
        this.#judgeHold(erasure, hold, stood);
  }

  #judgeAuditors(erasure: CustodyAct): void {
    const { index, said } = erasure;
    const request = this.#history.requestOf(erasure);
    const what = erased(erasure);
    if (request === undefined)
      this.#breach(
        "erased_unasked",
        index,
        `${what}, and no entry before says that one auditor had asked for it.`,
      );
    if (said === undefined) {
      this.#open(index, `${what}; who did cannot be read here.`);
      return;
    }
    const asked = request?.said?.principal;
    if (!areTwo(said) || (asked !== undefined && asked !== said.requestedBy))
      this.#breach("erased_by_one", index, `${what} without two different auditors.`);
  }

  #judgeRetention(erasure: CustodyAct): void {
    const { index, leaf, said } = erasure;
    if (said === undefined) {
      this.#open(index, `${erased(erasure)}; how long it was to be kept cannot be read here.`);
      return;
    }
    const keptMs = (said.keptDays ?? Number.POSITIVE_INFINITY) * dayMs;
    const begunAt = this.#begun.get(leaf.session ?? "");
    // No session ends before it begins, so this much has passed at the least.
    if (begunAt !== undefined && Date.parse(leaf.t) - Date.parse(begunAt) < keptMs)
      this.#breach(
        "erased_early",
        index,
        `${erased(erasure)} as if the time to keep it were over, and it was not.`,
      );
  }

  #judgeHold(erasure: CustodyAct, hold: CustodyAct, stood: "yes" | "perhaps"): void {
    const { index } = erasure;
    const what = `${erased(erasure)} under the hold of entry ${hold.index}`;
    if (stood === "yes") this.#breach("erased_under_hold", index, `${what}, which nobody had released.`);
    else this.#open(index, `${what}, unless a release that cannot be read here was of this one.`);
  }

  /** Holds on a query are on every session with an entry in which all of it fits. */
  async #judgeQueries(again: Entries | undefined): Promise<void> {
    const pairs = this.#history.erasures.flatMap((erasure) =>
      this.#history
        .holdsAgainst(erasure)
        .filter(({ hold }) => hold.leaf.session === undefined)
        .map(
          ({ hold, stood }): Pair => ({ erasure, hold, stood, fit: again === undefined ? "perhaps" : "no" }),
        ),
    );
    if (pairs.length === 0) return;
    const bySession = Map.groupBy(pairs, ({ erasure }) => erasure.leaf.session ?? "");
    for await (const { index, leaf } of again?.() ?? [])
      for (const pair of bySession.get(leaf.session ?? "") ?? [])
        if (index < pair.erasure.index) pair.fit = surer(pair.fit, fits(queryOf(pair.hold), leaf));
    for (const pair of pairs) this.#judgeQuery(pair);
  }

  #judgeQuery({ erasure, hold, stood, fit }: Pair): void {
    if (fit === "yes") this.#judgeHold(erasure, hold, stood);
    if (fit === "perhaps")
      this.#open(
        erasure.index,
        `${erased(erasure)}; whether the hold of entry ${hold.index} was on it cannot be told, ` +
          "since what that looks for was erased with it or cannot be read here.",
      );
  }

  #breach(code: Breach["code"], index: number, problem: string): void {
    this.#breaches.push({ code, index, problem });
  }

  #open(index: number, problem: string): void {
    this.#undecided.push({ index, problem });
  }
}

interface Pair {
  readonly erasure: CustodyAct;
  readonly hold: CustodyAct;
  readonly stood: "yes" | "perhaps";
  fit: Certainty;
}

const dayMs = 86_400_000;

function saidBy(detail: Detail): CustodyAct["said"] {
  if (detail.kind === "unread") return undefined;
  return detail.kind === "none" ? {} : parseSaid(detail.bytes);
}

/** What nobody can read may look for anything; what looks for nothing is on everything. */
function queryOf({ said }: CustodyAct): Readonly<Record<string, string>> {
  return said === undefined ? { unread: "" } : (said.query ?? {});
}

function surer(one: Certainty, other: Certainty): Certainty {
  return one === "yes" || other === "no" ? one : other;
}

function isDay(keyId: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(keyId);
}

function erased({ index, leaf }: CustodyAct): string {
  return `Entry ${index} erased ${leaf.session ?? "something unnamed"}`;
}
