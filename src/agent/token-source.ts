import type { Clock } from "#lib/clock";
import { GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import type { Secret } from "#lib/secret";
import { ControlPlaneRefusal } from "./control-plane.ts";
import type { LogWatch } from "./log-watch.ts";
import type { TokenEndpoint, TokenLoan } from "./token-endpoint.ts";

export interface FreshToken {
  readonly accessToken: Secret;
  /** Whole seconds it will still be good for. */
  readonly expiresInS: number;
}

export interface TokenSourceParts {
  readonly endpoint: TokenEndpoint;
  readonly clock: Clock;
  /** Waits between attempts; tests return at once. */
  readonly pause: (ms: number) => Promise<void>;
  /** Looks at the server's log with each new token; a log that contradicts itself ends the session here. */
  readonly watch?: LogWatch;
}

/** One moment on both clocks. */
interface Instant {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** Three tries within five seconds: longer, and the client that waits for its token gives up first. */
const retryDelaysMs = [500, 2_000];

/**
 * The gateway token of one session, always fresh: exchanged once, renewed by its refresh token before it ends.
 * Once the server says the session is over, it is over here too: nothing brings it back.
 */
export class TokenSource {
  readonly #parts: TokenSourceParts;
  readonly #listeners: ((reason: string) => void)[] = [];
  #loan: TokenLoan;
  /** When the loan was asked for, on both clocks. */
  #since: Instant;
  #renewal: Promise<void> | undefined;
  #ended: GatehouseError | undefined;
  #ending: Promise<void> | undefined;

  private constructor(parts: TokenSourceParts, loan: TokenLoan, since: Instant) {
    this.#parts = parts;
    this.#loan = loan;
    this.#since = since;
  }

  /** Opens the session. Throws what the endpoint threw, then nothing is left behind; or `log_contradicted`. */
  static async open(parts: TokenSourceParts): Promise<TokenSource> {
    const since = readClocks(parts.clock);
    const loan = await withRetries(parts, () => parts.endpoint.exchange());
    const opened = new TokenSource(parts, loan, since);
    try {
      await opened.#lookAtLog();
    } catch (error) {
      await opened.end().catch(() => undefined);
      throw error;
    }
    return opened;
  }

  get sessionId(): string {
    return this.#loan.sessionId;
  }

  /** Told once, when the session is over for good. */
  onEnded(listener: (reason: string) => void): void {
    this.#listeners.push(listener);
  }

  /** A token good for a while yet. Throws `session_ended`, or `server_unreachable` when the last one ran out meanwhile. */
  async current(): Promise<FreshToken> {
    if (this.#ended !== undefined) throw this.#ended;
    if (this.#leftMs() <= this.#renewBelowMs()) await this.#renewOnce();
    return this.#fresh();
  }

  /** The gateway no longer takes this token: asks for another now, unless that has happened already. */
  async replace(refused: Secret): Promise<FreshToken> {
    if (this.#ended !== undefined) throw this.#ended;
    if (this.#loan.accessToken === refused) await this.#renewOnce(true);
    return this.#fresh();
  }

  /**
   * Ends the session at the server, in one try that takes `sessionEndWaitMs` at most. Nothing is lent from the call on, and
   * listeners are not told: whoever calls knows. One that is over already is no failure; rejects with any other.
   */
  end(): Promise<void> {
    this.#ended ??= over("The run has ended.");
    this.#ending ??= this.#endAtServer();
    return this.#ending;
  }

  async #endAtServer(): Promise<void> {
    const { endpoint, clock } = this.#parts;
    const untilMs = clock.monotonicMs() + limits.sessionEndWaitMs;
    try {
      const token = await this.#lastToken(limits.sessionEndWaitMs / 2);
      await endpoint.end(token, Math.max(1, untilMs - clock.monotonicMs()));
    } catch (error) {
      if (!isOver(error)) throw error;
    }
  }

  /** After hours without a call the token in hand has run out, and the session has not. */
  async #lastToken(timeoutMs: number): Promise<Secret> {
    const { accessToken, refreshToken } = this.#loan;
    if (this.#leftMs() > 0 || refreshToken === undefined) return accessToken;
    return (await this.#parts.endpoint.refresh(refreshToken, timeoutMs)).accessToken;
  }

  #fresh(): FreshToken {
    return {
      accessToken: this.#loan.accessToken,
      expiresInS: Math.max(0, Math.floor(this.#leftMs() / 1000)),
    };
  }

  /**
   * A laptop's monotonic clock stands still while it sleeps, and a wall clock can be set back: the one that went
   * further counts, so neither lengthens a life.
   */
  #leftMs(): number {
    const now = readClocks(this.#parts.clock);
    const elapsed = Math.max(now.wallMs - this.#since.wallMs, now.monotonicMs - this.#since.monotonicMs);
    return this.#loan.lifeMs - elapsed;
  }

  #renewBelowMs(): number {
    return Math.min(limits.gatewayTokenRenewMs, this.#loan.lifeMs / 2);
  }

  /** Single flight: a refresh token that rotates must not be used twice. */
  #renewOnce(isUrgent = false): Promise<void> {
    this.#renewal ??= this.#renew(isUrgent).finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #renew(isUrgent: boolean): Promise<void> {
    const { refreshToken } = this.#loan;
    if (refreshToken === undefined) {
      if (!isUrgent && this.#leftMs() > 0) return;
      throw this.#end("the server gave no way to renew it");
    }
    const since = readClocks(this.#parts.clock);
    try {
      const loan = await withRetries(this.#parts, () => this.#parts.endpoint.refresh(refreshToken));
      this.#loan = { ...loan, refreshToken: loan.refreshToken ?? refreshToken };
      this.#since = since;
    } catch (error) {
      if (isFinal(error)) throw this.#end(messageOf(error));
      // What we hold still works: the next call tries again.
      if (isUrgent || this.#leftMs() <= 0) throw error;
      return;
    }
    await this.#lookAtLog();
  }

  /** Throws once a contradiction is known. A slow proof holds this token up for a moment only, and counts for the next. */
  async #lookAtLog(): Promise<void> {
    await this.#parts.watch?.look(this.#loan.accessToken, (why) => this.#endWith(contradicted(why)));
    if (this.#ended !== undefined) throw this.#ended;
  }

  #end(reason: string): GatehouseError {
    return this.#endWith(over(reason));
  }

  #endWith(ended: GatehouseError): GatehouseError {
    if (this.#ended !== undefined) return this.#ended;
    this.#ended = ended;
    for (const listener of this.#listeners) listener(this.#ended.message);
    return this.#ended;
  }
}

function readClocks(clock: Clock): Instant {
  return { wallMs: clock.now().getTime(), monotonicMs: clock.monotonicMs() };
}

function over(reason: string): GatehouseError {
  return new GatehouseError(
    "session_ended",
    `Gatehouse gives this command no more tokens. ${withFullStop(reason)} Start it again to open another session.`,
  );
}

function contradicted(why: string): GatehouseError {
  return new GatehouseError(
    "log_contradicted",
    `The audit log of this server contradicts what this machine has seen of it, so no more tokens are given: ${withFullStop(why)} Tell an auditor; \`gatehouse audit pins\` shows what was seen.`,
  );
}

/** RFC 6749 section 5.2: the refresh token is invalid, expired or revoked. */
function isFinal(error: unknown): boolean {
  return error instanceof ControlPlaneRefusal && error.code === "invalid_grant";
}

function isOver(error: unknown): boolean {
  return isFinal(error) || (error instanceof ControlPlaneRefusal && error.code === "session_ended");
}

function isPassing(error: unknown): boolean {
  if (error instanceof ControlPlaneRefusal) return error.status === 429 || error.status >= 500;
  return error instanceof GatehouseError && error.code === "server_unreachable";
}

async function withRetries(parts: TokenSourceParts, attempt: () => Promise<TokenLoan>): Promise<TokenLoan> {
  for (const delayMs of retryDelaysMs) {
    try {
      return await attempt();
    } catch (error) {
      if (!isPassing(error)) throw error;
      await parts.pause(delayMs);
    }
  }
  return attempt();
}

function withFullStop(sentence: string): string {
  return sentence.endsWith(".") ? sentence : `${sentence}.`;
}
