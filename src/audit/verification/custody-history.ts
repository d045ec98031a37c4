import type { Leaf } from "../leaf.ts";
import type { Certainty, CustodyAct } from "./custody-acts.ts";

/** All acts of a log, each kind in order. Of erasures there may be as many as sessions; of the others there are few. */
export class CustodyHistory {
  readonly holds: CustodyAct[] = [];
  readonly releases: CustodyAct[] = [];
  readonly erasures: CustodyAct[] = [];
  readonly #releaseRequests: CustodyAct[] = [];
  readonly #erasureRequests = new Map<string, CustodyAct[]>();

  /** Where acts of this kind are kept; `undefined` for entries of other kinds. */
  listFor({ kind, session = "" }: Leaf): CustodyAct[] | undefined {
    switch (kind) {
      case "hold.set":
        return this.holds;
      case "hold.release":
        return this.releases;
      case "key.shred":
        return this.erasures;
      case "hold.release_requested":
        return this.#releaseRequests;
      case "erase.requested":
        return this.#erasureRequestsOf(session);
      default:
        return undefined;
    }
  }

  /** Holds that were set before an erasure, and whether each had been released by then; without those that surely had. */
  holdsAgainst({
    index,
  }: CustodyAct): readonly { readonly hold: CustodyAct; readonly stood: "yes" | "perhaps" }[] {
    return this.holds
      .filter((hold) => hold.index < index)
      .flatMap((hold) => {
        const released = this.#isReleased(hold, index);
        return released === "yes" ? [] : [{ hold, stood: released === "no" ? "yes" : "perhaps" }];
      });
  }

  /** The entry by which one auditor asked for this erasure or release. */
  requestOf(act: CustodyAct): CustodyAct | undefined {
    const isErasure = act.leaf.kind === "key.shred";
    const requests = isErasure ? this.#erasureRequestsOf(act.leaf.session ?? "") : this.#releaseRequests;
    return requests.find((request) => {
      if (request.index > act.index) return false;
      // Where one of the two cannot be read, who acted is undecided; that somebody asked is not.
      if (act.said === undefined || request.said === undefined) return true;
      const isSame = act.said.request !== undefined && act.said.request === request.said.request;
      return isSame && (isErasure || act.said.hold === request.said.hold);
    });
  }

  #isReleased(hold: CustodyAct, before: number): Certainty {
    const releases = this.releases.filter(({ index }) => index > hold.index && index < before);
    const id = hold.said?.hold;
    if (id !== undefined && releases.some(({ said }) => said?.hold === id)) return "yes";
    const isUnread = hold.said === undefined || releases.some(({ said }) => said === undefined);
    return isUnread && releases.length > 0 ? "perhaps" : "no";
  }

  #erasureRequestsOf(session: string): CustodyAct[] {
    const known = this.#erasureRequests.get(session);
    if (known !== undefined) return known;
    const made: CustodyAct[] = [];
    this.#erasureRequests.set(session, made);
    return made;
  }
}
