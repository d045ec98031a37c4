/**
 * What a server, an agent or a prompt wrote, made safe to print: an escape sequence could repaint the very lines an
 * approver reads, a bidirectional override reverse them, and a zero width or a filler make two names look alike (Unicode
 * TR 36 section 3). Line feeds and tabs stay.
 */
export function printable(text: string): string {
  return text.replace(/[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\u2800]/gu, (character) =>
    character === "\n" || character === "\t" ? character : escaped(character),
  );
}

/** The same for what must stay one line: line feeds and tabs become visible too. */
export function printableLine(text: string): string {
  return printable(text).replace(/[\n\t]/g, escaped);
}

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}
