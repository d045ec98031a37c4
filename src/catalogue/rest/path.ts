/**
 * A raw path and where its segments begin. Nothing is decoded and nothing cut out before it is needed: understanding a
 * call is on the way of every request.
 */
export interface Path {
  readonly text: string;
  /** Offset of each segment's first character. */
  readonly starts: readonly number[];
  /** Where the last segment ends: the end of the text, or the colon of a custom verb. */
  readonly end: number;
  readonly hasEscapes: boolean;
  /** Whether no segment is empty and none begins with a dot or a colon. Says nothing of escapes. */
  readonly isPlain: boolean;
}

const slash = "/".charCodeAt(0);
const dot = ".".charCodeAt(0);
const colon = ":".charCodeAt(0);

/** Cuts at every slash, whatever the segments hold. `text` begins with one. */
export function pathOf(text: string): Path {
  const starts: number[] = [];
  let isPlain = true;
  for (let at = 0; at >= 0; at = text.indexOf("/", at)) {
    at++;
    starts.push(at);
    const next = text.charCodeAt(at);
    if (at === text.length || next === slash || next === dot || next === colon) isPlain = false;
  }
  return { text, starts, end: text.length, hasEscapes: text.includes("%"), isPlain };
}

export function segmentEnd({ starts, end }: Path, index: number): number {
  const next = starts[index + 1];
  return next === undefined ? end : next - 1;
}

/** "" behind the last. */
export function segmentAt(path: Path, index: number): string {
  const start = path.starts[index];
  return start === undefined ? "" : path.text.slice(start, segmentEnd(path, index));
}

export function isSegment(path: Path, index: number, word: string): boolean {
  const start = path.starts[index];
  if (start === undefined || segmentEnd(path, index) - start !== word.length) return false;
  return path.text.startsWith(word, start);
}

/** Whether a path could be one of a template's, verbs apart. */
export function fitsTemplate(path: Path, { segments }: { readonly segments: readonly string[] }): boolean {
  const fits = (at: number, index: number): boolean => {
    const want = segments[index];
    if (want === undefined || at >= path.starts.length)
      return want === undefined && at === path.starts.length;
    if (want !== "**") return (want === "*" || isSegment(path, at, want)) && fits(at + 1, index + 1);
    return fits(at + 1, index + 1) || fits(at + 1, index);
  };
  return fits(0, 0);
}

export function segmentsOf(path: Path): string[] {
  return path.starts.map((_, index) => segmentAt(path, index));
}
