import type { PatternRule } from "./rules.ts";
import type { Cause } from "./treatment.ts";

export interface PatternOutcome {
  readonly text: string;
  readonly causes: readonly Cause[];
}

/**
 * Replaces what the patterns find, all of them looking at the original text, overlapping finds as one. `undefined`
 * when nothing was found.
 */
export function replacePatterns(
  patterns: readonly PatternRule[],
  text: string,
  placeholder: () => string,
): PatternOutcome | undefined {
  const spans: { from: number; to: number }[] = [];
  const causes: Cause[] = [];
  for (const { name, pattern } of patterns) {
    const before = spans.length;
    const matcher = pattern.matcher(text);
    while (matcher.find()) {
      if (matcher.end() > matcher.start()) spans.push({ from: matcher.start(), to: matcher.end() });
    }
    if (spans.length > before) causes.push({ detector: "operator_pattern", rule: name });
  }
  if (spans.length === 0) return undefined;
  return { text: replaceSpans(text, spans, placeholder()), causes };
}

function replaceSpans(text: string, spans: readonly { from: number; to: number }[], stand: string): string {
  let out = "";
  let done = 0;
  for (const { from, to } of [...spans].sort((one, other) => one.from - other.from)) {
    if (from >= done) out += text.slice(done, from) + stand;
    done = Math.max(done, to);
  }
  return out + text.slice(done);
}
