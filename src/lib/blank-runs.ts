/** What honest text has between two words: a few empty lines, the indentation of deep JSON. */
const lineBreaksMax = 4;
const blanksMax = 200;

/**
 * Says how long a stretch of nothing is instead of showing it: a screen full of empty lines looks like the end of a
 * request, and the part that matters would stand below it. For text whose other invisible characters are named already.
 */
export function shortenBlanks(text: string): string {
  return text.replace(/[\n\t\p{Zs}]{5,}/gu, (run) => {
    const lineBreaks = run.split("\n").length - 1;
    if (lineBreaks <= lineBreaksMax && run.length <= blanksMax) return run;
    return `\n⟨${lineBreaks} line breaks and ${run.length - lineBreaks} blanks, left out⟩\n`;
  });
}
