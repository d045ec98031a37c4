import type { Terminal } from "#cli";

/** A few seconds' worth. */
const entriesOfProgress = 100_000;

/** A line on stderr whenever that many more entries have been checked. */
export function sayingProgress(terminal: Pick<Terminal, "err">): (entries: number) => void {
  let next = entriesOfProgress;
  return (entries) => {
    if (entries < next) return;
    next = entries - (entries % entriesOfProgress) + entriesOfProgress;
    terminal.err(`${entries} entries checked so far.`);
  };
}
