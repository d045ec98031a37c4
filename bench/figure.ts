/** One measured number. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** The most it may be, where the project has promised a bound. */
  readonly bound?: number;
  /** The least it may be. */
  readonly boundMin?: number;
}

/** The middle of several measurements. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** How far a long measurement is, beside the figures. */
export function say(what: string): void {
  process.stderr.write(`${what}\n`);
}
