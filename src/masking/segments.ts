/**
 * Whether a dotted pattern covers a dotted name: `*` stands for one segment, `**` for any number, none included.
 * One row of the usual table instead of backtracking: hostile patterns cost length times length, no more.
 */
export function coversSegments(pattern: readonly string[], name: readonly string[]): boolean {
  let row = [true, ...name.map(() => false)];
  for (const wanted of pattern) {
    const next = [wanted === "**" && row[0] === true];
    for (const [index, segment] of name.entries()) {
      const isCovered =
        wanted === "**"
          ? row[index + 1] === true || next[index] === true
          : row[index] === true && (wanted === "*" || wanted === segment);
      next.push(isCovered);
    }
    row = next;
  }
  return row.at(-1) === true;
}
