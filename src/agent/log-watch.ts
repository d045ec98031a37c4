import type { z } from "zod";
import { consistencyAnswer } from "#api";
import type { Clock } from "#lib/clock";
import { GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import type { Secret } from "#lib/secret";
import type { Timer } from "#lib/timer";
import {
  type Checkpoint,
  decodeBase64,
  parseVerifierKey,
  type Verifier,
  verifyCheckpoint,
  verifyConsistency,
} from "#tlog";
import { callControlPlane } from "./control-plane.ts";
import type { LogPin, LogPins } from "./log-pins.ts";

type Answer = z.output<typeof consistencyAnswer>;

/** The server's newest checkpoint, and that its log continues one of `from` entries. */
export type AskConsistency = (from: number, bearer: Secret) => Promise<Answer>;

export interface LogWatchParts {
  readonly server: string;
  /** What the server announces now. */
  readonly verifierKey: string;
  readonly pins: LogPins;
  readonly ask: AskConsistency;
  readonly clock: Clock;
  readonly timer: Timer;
  /** Told once, when the server cannot or will not show how its log grew. That is no contradiction yet. */
  readonly notice: (sentence: string) => void;
}

/** Watches that a server's log only grows. */
export interface LogWatch {
  /**
   * Resolves when the log was looked at, or when it takes too long: whoever waits for a token does not wait for a proof.
   * `onContradiction` is told why the log must not be believed, then or later; `undefined` never.
   */
  look(bearer: Secret, onContradiction: (why: string) => void): Promise<void>;
}

export function openLogWatch(parts: LogWatchParts): LogWatch {
  let isUnproven = false;
  const look = async (bearer: Secret): Promise<string | undefined> => {
    try {
      const why = await compare(parts, bearer);
      isUnproven = false;
      return why;
    } catch (error) {
      if (error instanceof GatehouseError && error.code === "log_pin_unreadable") return error.message;
      if (!isUnproven) parts.notice(`the server has not shown how its log grew: ${messageOf(error)}`);
      isUnproven = true;
      return undefined;
    }
  };
  return {
    look: (bearer, onContradiction) => {
      const looked = look(bearer).then((why) => {
        if (why !== undefined) onContradiction(why);
      });
      return within(looked, parts.timer);
    },
  };
}

/** `GET /api/v1/audit/consistency`. */
export function askConsistency(url: string): AskConsistency {
  return (from, bearer) =>
    callControlPlane({
      url,
      timeoutMs: limits.logProofTimeoutMs,
      path: `/api/v1/audit/consistency?from=${from}`,
      bearer,
      answer: consistencyAnswer,
    });
}

/** Other runs may keep a newer checkpoint meanwhile; then that one is what counts. */
const attemptsMax = 5;

async function compare(parts: LogWatchParts, bearer: Secret): Promise<string | undefined> {
  const { server, verifierKey, pins, ask, clock } = parts;
  const verifier = parseVerifierKey(verifierKey);
  if (verifier === undefined) return "the server announces no key that could sign a log";
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const pin = pins.read(server);
    if (pin !== undefined && pin.verifierKey !== verifierKey) return foreignKey(pin, verifierKey);
    const kept = pin && verifyCheckpoint(pin.checkpoint, verifier);
    if (kept?.kind === "refused") return `what was kept of it is not its own: ${kept.why}`;
    const answer = await ask(kept?.checkpoint.size ?? 0, bearer);
    const why = contradiction(kept?.checkpoint, answer, verifier);
    if (why !== undefined) return why;
    if (answer.checkpoint === pin?.checkpoint) return undefined;
    const next = { server, verifierKey, checkpoint: answer.checkpoint, seenAt: clock.now().toISOString() };
    if (pins.replace(pin, next)) return undefined;
  }
  throw new GatehouseError("log_pin_busy", "other runs keep writing what they saw");
}

function foreignKey(pin: LogPin, verifierKey: string): string {
  const [before, now] = [pin.verifierKey, verifierKey].map((key) => key.split("+").slice(0, 2).join("+"));
  return `it was ${before}, and the server now announces ${now}`;
}

function contradiction(kept: Checkpoint | undefined, answer: Answer, verifier: Verifier): string | undefined {
  const newest = verifyCheckpoint(answer.checkpoint, verifier);
  if (newest.kind === "refused") return `the newest checkpoint cannot be believed: ${newest.why}`;
  const { size, root } = newest.checkpoint;
  // The tree of nothing is part of every log: nothing to compare with yet.
  if (kept === undefined) return undefined;
  if (size < kept.size) return `it had ${kept.size} entries and now has ${size}: it was cut`;
  const proof = answer.proof.map(decodeBase64);
  if (proof.some((hash) => hash?.length !== 32)) return "the proof that it grew is none";
  const check = verifyConsistency(
    { oldSize: kept.size, oldRoot: kept.root, size, root },
    proof.flatMap((hash) => hash ?? []),
  );
  if (check.kind === "proven") return undefined;
  return `its ${size} entries do not begin with the ${kept.size} that were seen before: ${check.why}`;
}

/** Resolves with `promise`, or when the time is up. */
function within(promise: Promise<void>, timer: Timer): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = timer.after(limits.logProofWaitMs, resolve);
    promise.finally(cancel).then(resolve, reject);
  });
}
