import { shortenBlanks } from "#lib/blank-runs";

/**
 * Characters that no screen shows, or that change what it shows around them: controls, direction marks, zero widths,
 * tags, variation selectors, fillers, lone surrogates (Unicode TR 36 sections 2.4 and 3, TR 39 section 3.1).
 */
const unseen = /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\u2800]/gu;

/** One line: what is there to be seen, and names for what is not. */
export function visibleLine(text: string): string {
  return text.replace(unseen, visible);
}

/** Several lines: line feeds and tabs stay what they are, but for long stretches of nothing. */
export function visibleLines(text: string): string {
  const named = text.replace(unseen, (character) =>
    character === "\n" || character === "\t" ? character : visible(character),
  );
  return shortenBlanks(named);
}

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
}
