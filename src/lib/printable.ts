/**
 * What a server, an agent or a prompt wrote, made safe to print: an escape sequence could repaint the very lines an
 * approver reads, a bidirectional override reverse them, and a zero width or a filler make two names look alike (Unicode
 * TR 36 section 3). Line feeds and tabs stay.
 */
export function printable(text: string): string {
  return text.replace(unseen, (character) =>
    character === "\n" || character === "\t" ? character : escaped(character),
  );
}

const unseen = /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\u2800]/gu;

/** The same for what must stay one line: line feeds and tabs become visible too. */
export function printableLine(text: string): string {
  return printable(text).replace(/[\n\t]/g, escaped);
}

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}

/** JSON of a value, the same characters as `\uXXXX`: whoever parses it has them exactly, whoever looks at it sees them. */
export function printableJson(value: unknown, indent?: number): string {
  return visibleJson(JSON.stringify(value, undefined, indent));
}

/** The same of JSON that is written already. */
export function visibleJson(json: string): string {
  // JSON has escaped line feeds within texts; those left are between members and lines.
  return json.replace(unseen, (character) => (character === "\n" ? character : jsonEscaped(character)));
}

/** JSON in ASCII alone, for receivers that would guess an encoding. */
export function asciiJson(json: string): string {
  return json.replace(/[\u007f-\uffff]/g, jsonEscaped);
}

/** RFC 8259 section 7: beyond the Basic Multilingual Plane as two surrogates. */
function jsonEscaped(text: string): string {
  return text
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
