import { type WordName, wordProblem } from "#lib/entry-words";
import { GatehouseError } from "#lib/errors";

/** A mistyped word would find nothing, and look as if nothing had happened. Throws `usage_invalid`. */
export function requireEntryWord(name: WordName, given: string | undefined): void {
  const problem = given === undefined ? undefined : wordProblem(name, given);
  if (problem !== undefined) throw new GatehouseError("usage_invalid", `--${name}: ${problem}`);
}
