import { afterAll, expect } from "vitest";

interface Row {
  readonly what: string;
  readonly expected: string;
  readonly observed: string;
}

/** Rows of one file: what was tried, what had to happen, what did. Printed when the file is through. */
export function matrix(title: string): (row: Row) => void {
  const rows: Row[] = [];
  afterAll(() => {
    const width = (pick: (row: Row) => string): number => Math.max(...rows.map((row) => pick(row).length), 8);
    const [what, expected] = [width((row) => row.what), width((row) => row.expected)];
    const lines = rows.map(
      (row) => `  ${row.what.padEnd(what)}  ${row.expected.padEnd(expected)}  ${row.observed}`,
    );
    process.stdout.write(`\n${title}\n  ${"TRIED".padEnd(what)}  ${"EXPECTED".padEnd(expected)}  OBSERVED\n`);
    process.stdout.write(`${lines.join("\n")}\n`);
  });
  return (row) => {
    rows.push(row);
    expect(row.observed, row.what).toBe(row.expected);
  };
}
