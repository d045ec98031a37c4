import { createHash, randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import { limits } from "#lib/limits";

export type RefreshOutcome =
  | { readonly kind: "rotated"; readonly sessionId: string; readonly refreshToken: string }
  /** It was used before. The session it belongs to cannot be trusted any more. */
  | { readonly kind: "reused"; readonly sessionId: string }
  | { readonly kind: "unknown" };

interface Family {
  current: string;
  readonly digests: string[];
}

/**
 * Refresh tokens of running sessions, each good once (RFC 9700 section 4.14.2). Only their digests are kept, and only in
 * memory: after a restart an agent's helper exchanges its sign-in again, and nothing on disk can be stolen.
 */
export class RefreshTokens {
  readonly #families: LRUCache<string, Family>;
  /** Digest, used ones included, to session. Owned together with `#families`. */
  readonly #sessions = new Map<string, string>();

  constructor() {
    this.#families = new LRUCache({
      max: limits.watchedSessionsMax,
      dispose: (family) => {
        for (const digest of family.digests) this.#sessions.delete(digest);
      },
    });
  }

  /** The first token of a session. */
  issue(sessionId: string): string {
    const { token, digest } = newToken();
    this.#families.set(sessionId, { current: digest, digests: [digest] });
    this.#sessions.set(digest, sessionId);
    return token;
  }

  use(token: string): RefreshOutcome {
    const used = digestOf(token);
    const sessionId = this.#sessions.get(used);
    const family = sessionId === undefined ? undefined : this.#families.get(sessionId);
    if (sessionId === undefined || family === undefined) return { kind: "unknown" };
    if (family.current !== used) return { kind: "reused", sessionId };
    if (family.digests.length >= limits.refreshesPerSessionMax) return { kind: "unknown" };
    const next = newToken();
    family.current = next.digest;
    family.digests.push(next.digest);
    this.#sessions.set(next.digest, sessionId);
    return { kind: "rotated", sessionId, refreshToken: next.token };
  }

  forget(sessionId: string): void {
    this.#families.delete(sessionId);
  }
}

/** 256 random bits need no salt and no slow hash. */
function newToken(): { token: string; digest: string } {
  const token = `ghr_${randomBytes(32).toString("base64url")}`;
  return { token, digest: digestOf(token) };
}

function digestOf(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
