import { join } from "node:path";
import { GatehouseError } from "#lib/errors";
import { parseVerifierKey, type Verifier } from "#tlog";
import type { LogPlace } from "./log-place.ts";
import { readText } from "./text-file.ts";

/** The key to check with, and whether it came from somewhere else than the log itself. */
export interface GivenKey {
  readonly text: string;
  readonly verifier: Verifier;
  readonly isFromOutside: boolean;
}

/** `given` is the key itself or a file that holds it; without it the log's own. Throws `verifier_key_invalid`. */
export function verifierKey(given: string | undefined, place: LogPlace): GivenKey {
  return given === undefined ? parsed(keyOf(place), false) : parseGivenKey(given);
}

/** A key from outside the log, or a file that holds it. */
export function parseGivenKey(given: string): GivenKey {
  return parsed(given.includes("+") ? given : readKey(given), true);
}

function readKey(given: string): string {
  try {
    return readText(given);
  } catch (error) {
    throw new GatehouseError(
      "verifier_key_invalid",
      `${given} is neither a verifier key (name+8 hex digits+base64) nor a file that can be read.`,
      { cause: error },
    );
  }
}

function parsed(untrimmed: string, isFromOutside: boolean): GivenKey {
  const text = untrimmed.trim();
  const verifier = parseVerifierKey(text);
  if (verifier !== undefined) return { text, verifier, isFromOutside };
  throw new GatehouseError(
    "verifier_key_invalid",
    "This is not a verifier key, nor a file that holds one: name+8 hex digits+base64.",
  );
}

function keyOf(place: LogPlace): string {
  if (place.kind === "bucket") {
    throw new GatehouseError(
      "usage_invalid",
      "A bucket says nothing of who may sign its log: --key is needed.",
    );
  }
  return place.kind === "server"
    ? place.server.info.log.verifierKey
    : readText(join(place.folder, "log.vkey"));
}
