import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "#lib/clock";
import { limits } from "#lib/limits";
import type { Principal } from "../principal.ts";
import { Guesses } from "./guesses.ts";
import { newUserCode, normalUserCode } from "./user-code.ts";

/** What a command that wants to be signed in says of itself, and where it came from. */
export interface DeviceRequest {
  readonly clientId: string;
  readonly machine: string;
  readonly command: string;
  readonly address: string;
}

export interface DeviceCodes {
  /** For the command alone; a person never sees it. */
  readonly deviceCode: string;
  readonly userCode: string;
  readonly lifeMs: number;
  readonly intervalMs: number;
}

/** Who sits at a browser: a person, and the browser session they are signed in with. */
export interface Claimant {
  readonly browserId: string;
  readonly principalId: string;
}

/** What a person is asked to decide. */
export interface ClaimedDevice extends DeviceRequest {
  readonly userCode: string;
  readonly askedAt: Date;
}

export type DevicePoll =
  | { readonly kind: "approved"; readonly principal: Principal; readonly machine: string }
  | { readonly kind: "pending" | "slow_down" | "denied" | "expired" | "unknown" };

/**
 * Commands that wait for a person to sign them in with a browser (RFC 8628). In memory: after a restart the command
 * starts again. The browser session that typed a code owns it: only there can be decided what becomes of it.
 */
export interface DeviceSignIns {
  /** `undefined` when too many wait already. */
  begin(request: DeviceRequest): DeviceCodes | undefined;
  claim(typed: string, claimant: Claimant): "claimed" | "unknown" | "too_many_guesses";
  /** What this browser session has claimed and not decided. */
  claimed(browserId: string): ClaimedDevice | undefined;
  /** `false` when this browser session has no such claim any more. */
  decide(userCode: string, browserId: string, verdict: Principal | "denied"): boolean;
  /** What the command asks every few seconds. An approval is handed out once. */
  poll(deviceCode: string, clientId: string): DevicePoll;
  /** Takes back approvals that no command has fetched yet: whoever gave them is signed out now. */
  refuseApproved(isMeant: (approver: Principal) => boolean): void;
}

interface Waiting {
  readonly request: DeviceRequest;
  readonly userCode: string;
  readonly digest: string;
  readonly askedAt: Date;
  readonly endsAtMs: number;
  intervalMs: number;
  polledAtMs: number;
  browserId: string | undefined;
  verdict: Principal | "denied" | undefined;
}

export function openDeviceSignIns(clock: Clock): DeviceSignIns {
  return new RememberedDeviceSignIns(clock);
}

class RememberedDeviceSignIns implements DeviceSignIns {
  readonly #clock: Clock;
  readonly #guesses: Guesses;
  /** By digest of the device code. Those that have expired are kept a little, to be said to have. */
  readonly #waiting = new Map<string, Waiting>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#guesses = new Guesses(clock);
  }

  begin(request: DeviceRequest): DeviceCodes | undefined {
    const nowMs = this.#clock.monotonicMs();
    this.#forgetOld(nowMs);
    // Turned away rather than in place of another: strangers must not push out whoever waits.
    if (this.#waiting.size >= limits.deviceSignInsMax) return undefined;
    const deviceCode = randomBytes(32).toString("base64url");
    const waiting: Waiting = {
      request,
      userCode: this.#unusedCode(),
      digest: digestOf(deviceCode),
      askedAt: this.#clock.now(),
      endsAtMs: nowMs + limits.deviceCodeLifeMs,
      intervalMs: limits.devicePollIntervalMs,
      polledAtMs: Number.NEGATIVE_INFINITY,
      browserId: undefined,
      verdict: undefined,
    };
    this.#waiting.set(waiting.digest, waiting);
    const { userCode, intervalMs } = waiting;
    return { deviceCode, userCode, lifeMs: limits.deviceCodeLifeMs, intervalMs };
  }

  claim(typed: string, { browserId, principalId }: Claimant): "claimed" | "unknown" | "too_many_guesses" {
    if (!this.#guesses.mayGuess(principalId)) return "too_many_guesses";
    const code = normalUserCode(typed);
    const found = [...this.#waiting.values()].find((each) => each.userCode === code && this.#isOpen(each));
    const isTheirs = found !== undefined && (found.browserId ?? browserId) === browserId;
    if (!isTheirs) {
      this.#guesses.wrong(principalId);
      return "unknown";
    }
    found.browserId = browserId;
    return "claimed";
  }

  claimed(browserId: string): ClaimedDevice | undefined {
    // The newest: whoever types another code has turned to that one.
    const found = [...this.#waiting.values()].findLast(
      (each) => each.browserId === browserId && this.#isOpen(each),
    );
    return found && { ...found.request, userCode: found.userCode, askedAt: found.askedAt };
  }

  decide(userCode: string, browserId: string, verdict: Principal | "denied"): boolean {
    const found = [...this.#waiting.values()].find(
      (each) => each.userCode === userCode && each.browserId === browserId && this.#isOpen(each),
    );
    if (found === undefined) return false;
    found.verdict = verdict;
    return true;
  }

  poll(deviceCode: string, clientId: string): DevicePoll {
    const found = this.#waiting.get(digestOf(deviceCode));
    if (found === undefined || found.request.clientId !== clientId) return { kind: "unknown" };
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= found.endsAtMs) return { kind: "expired" };
    if (nowMs - found.polledAtMs < found.intervalMs) {
      // RFC 8628 section 3.5: five seconds more, for this and all later requests.
      found.polledAtMs = nowMs;
      found.intervalMs += limits.devicePollIntervalMs;
      return { kind: "slow_down" };
    }
    found.polledAtMs = nowMs;
    if (found.verdict === undefined) return { kind: "pending" };
    this.#waiting.delete(found.digest);
    if (found.verdict === "denied") return { kind: "denied" };
    return { kind: "approved", principal: found.verdict, machine: found.request.machine };
  }

  refuseApproved(isMeant: (approver: Principal) => boolean): void {
    for (const waiting of this.#waiting.values()) {
      const { verdict } = waiting;
      if (typeof verdict === "object" && isMeant(verdict)) waiting.verdict = "denied";
    }
  }

  #isOpen({ verdict, endsAtMs }: Waiting): boolean {
    return verdict === undefined && this.#clock.monotonicMs() < endsAtMs;
  }

  #unusedCode(): string {
    for (;;) {
      const code = newUserCode();
      if (![...this.#waiting.values()].some(({ userCode }) => userCode === code)) return code;
    }
  }

  #forgetOld(nowMs: number): void {
    for (const [digest, { endsAtMs }] of this.#waiting) {
      if (nowMs >= endsAtMs + limits.deviceCodeLifeMs) this.#waiting.delete(digest);
    }
  }
}

function digestOf(deviceCode: string): string {
  return createHash("sha256").update(deviceCode).digest("base64url");
}
