import { createHash, createHmac, randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Clock } from "#lib/clock";
import { limits } from "#lib/limits";

export type RefreshOutcome =
  | { readonly kind: "rotated"; readonly sessionId: string; readonly refreshToken: string }
  /** It was used before. The session it belongs to cannot be trusted any more. */
  | { readonly kind: "reused"; readonly sessionId: string }
  | { readonly kind: "unknown" };

interface Family {
  current: string;
  /** The one before, as long as its successor may not have arrived. */
  previous: { readonly digest: string; readonly repeatableUntilMs: number } | undefined;
  repeats: number;
  readonly digests: string[];
}

/**
 * Refresh tokens of running sessions, each good once (RFC 9700 section 4.14.2). Only their digests are kept, and only in
 * memory: nothing on disk can be stolen, and after a restart no session is renewed.
 *
 * An answer can be lost on its way. So the last token, shown again within seconds, brings the same successor again, until
 * that has been used. A thief gains no line of their own by it: both hold one successor, its second use shows, and whoever
 * shadows the owner within those seconds each time has used up the session's repetitions after ten.
 */
export class RefreshTokens {
  readonly #clock: Clock;
  /** Makes successors out of their predecessors, so that none has to be kept for a repetition. */
  readonly #key = randomBytes(32);
  readonly #families: LRUCache<string, Family>;
  /** Digest, used ones included, to session. Owned together with `#families`. */
  readonly #sessions = new Map<string, string>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#families = new LRUCache({
      max: limits.watchedSessionsMax,
      dispose: (family) => {
        for (const digest of family.digests) this.#sessions.delete(digest);
      },
    });
  }

  /** The first token of a session. */
  issue(sessionId: string): string {
    const token = tokenOf(randomBytes(32));
    const digest = digestOf(token);
    this.#families.set(sessionId, { current: digest, previous: undefined, repeats: 0, digests: [digest] });
    this.#sessions.set(digest, sessionId);
    return token;
  }

  use(token: string): RefreshOutcome {
    const used = digestOf(token);
    const sessionId = this.#sessions.get(used);
    const family = sessionId === undefined ? undefined : this.#families.get(sessionId);
    if (sessionId === undefined || family === undefined) return { kind: "unknown" };
    const refreshToken = this.#successorOf(token);
    if (this.#isRepeatable(family, used)) {
      family.repeats += 1;
      return { kind: "rotated", sessionId, refreshToken };
    }
    if (family.current !== used) return { kind: "reused", sessionId };
    if (family.digests.length >= limits.refreshesPerSessionMax) return { kind: "unknown" };
    family.previous = {
      digest: used,
      repeatableUntilMs: this.#clock.monotonicMs() + limits.refreshRepeatableMs,
    };
    family.current = digestOf(refreshToken);
    family.digests.push(family.current);
    this.#sessions.set(family.current, sessionId);
    return { kind: "rotated", sessionId, refreshToken };
  }

  forget(sessionId: string): void {
    this.#families.delete(sessionId);
  }

  /** Using the successor makes it the previous one: from then on its predecessor is an old token like any other. */
  #isRepeatable({ previous, repeats }: Family, used: string): boolean {
    const isInTime = previous?.digest === used && this.#clock.monotonicMs() < previous.repeatableUntilMs;
    return isInTime && repeats < limits.refreshRepeatsPerSessionMax;
  }

  #successorOf(token: string): string {
    return tokenOf(createHmac("sha256", this.#key).update(token).digest());
  }
}

function tokenOf(bits: Buffer): string {
  return `ghr_${bits.toString("base64url")}`;
}

/** 256 random bits need no salt and no slow hash. */
function digestOf(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
