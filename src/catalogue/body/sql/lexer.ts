import { doubt } from "../doubt.ts";
import type { Dialect } from "./dialect.ts";

export type Token =
  /** Bare: a keyword or a name. Upper case. */
  | { readonly kind: "word"; readonly text: string; readonly end: number }
  /** In quotes of any kind: a literal or a name, which only the dialect's settings may know. As written, without the quotes. */
  | { readonly kind: "quoted"; readonly text: string; readonly end: number }
  | { readonly kind: "number"; readonly text: string; readonly end: number }
  /** One character. */
  | { readonly kind: "symbol"; readonly text: string; readonly end: number };

/**
 * Cuts a text as one dialect does. It is no parser and refuses what a parser would: whatever is not closed, not known, or
 * cut in another way by some version of the dialect. Throws `Doubt`.
 */
export function cut(text: string, dialect: Dialect): Token[] {
  if (dialect.refuses?.test(text) === true) {
    throw doubt(
      `the SQL holds a backslash or a letter beyond ASCII, which ${dialect.name} reads by its settings`,
    );
  }
  if (oddCharacters.test(text)) throw doubt("the SQL holds a character that may or may not end a line");
  const tokens: Token[] = [];
  let at = skipBlank(text, 0, dialect);
  while (at < text.length) {
    const token = tokenAt(text, at, dialect);
    tokens.push(token);
    at = skipBlank(text, token.end, dialect);
  }
  return tokens;
}

/** Control characters, lone carriage returns, Unicode's line ends and format characters. */
const oddCharacters = /[^\P{Cc}\t\n\r]|[\p{Cf}\u2028\u2029]|\r(?!\n)/u;

/** The position after white space and comments. */
function skipBlank(text: string, from: number, dialect: Dialect): number {
  let at = from;
  for (;;) {
    const next = blankAt(text, at, dialect);
    if (next === at) return at;
    at = next;
  }
}

function blankAt(text: string, at: number, dialect: Dialect): number {
  const here = text[at];
  if (here === " " || here === "\n" || here === "\t" || here === "\r") return at + 1;
  if (here === "#") return hashAt(text, at, dialect);
  if (here !== "-" && here !== "/") return at;
  const two = text.slice(at, at + 2);
  if (two === "--") {
    const isComment = !dialect.dashesNeedSpace || /^\s?$/.test(text.slice(at + 2, at + 3));
    return isComment ? endOfLine(text, at) : at;
  }
  if (two === "//") throw doubt("the SQL holds //, a comment to some");
  return two === "/*" ? endOfComment(text, at) : at;
}

function hashAt(text: string, at: number, dialect: Dialect): number {
  if (dialect.hashes === "comment") return endOfLine(text, at);
  if (dialect.hashes === "symbol") return at;
  if (at === 0 && /^#(?:legacy|standard)SQL[ \t]*(?:\r?\n|$)/i.test(text)) return endOfLine(text, at);
  throw doubt("the SQL holds #, a comment in one dialect of BigQuery");
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end === -1 ? text.length : end + 1;
}

/** Some nest them, some run what stands in `/*!`, some take `/*+` for orders to the planner. */
function endOfComment(text: string, at: number): number {
  const end = text.indexOf("*/", at + 2);
  if (end === -1) throw doubt("a comment in the SQL does not end");
  const inside = text.slice(at + 2, end);
  if (inside.includes("/*") || inside.endsWith("/")) throw doubt("a comment in the SQL nests another");
  if (/^(?:!|M!|\+)/.test(inside)) throw doubt("a comment in the SQL is executed by some");
  return end + 2;
}

function tokenAt(text: string, at: number, dialect: Dialect): Token {
  const here = text[at] ?? "";
  if (here === "'" || here === '"') return literalAt(text, at, dialect, dialect.escapes);
  if (here === "`" && dialect.backquotes !== "symbol") return quotedAt(text, at, "`", dialect.backquotes);
  if (here === "[" && dialect.hasBracketNames) return bracketAt(text, at);
  if (here === "$") return dollarAt(text, at, dialect);
  if (/[A-Za-z_]/.test(here)) return wordAt(text, at, dialect);
  if (/[0-9]/.test(here) || (here === "." && /[0-9]/.test(text[at + 1] ?? ""))) return numberAt(text, at);
  if (symbols.has(here)) return { kind: "symbol", text: here, end: at + 1 };
  throw doubt("the SQL holds a character that has no place outside of quotes");
}

const symbols: ReadonlySet<string> = new Set("(),.;+-*/%<>=!|&^~:@?[]{}#`");

// Sticky, and made once: `lastIndex` is set before each use.
const patterns = {
  word: /[A-Za-z0-9_]*/y,
  bracket: /\[[\w .:$*@-]*\]?/y,
  parameter: /\$[0-9]+/y,
  dollarTag: /\$(?:[A-Za-z_][A-Za-z0-9_]*)?\$/y,
  number: /0[xX][0-9a-fA-F]+|(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/y,
} as const;

function wordAt(text: string, at: number, dialect: Dialect): Token {
  const end = endOf(patterns.word, text, at);
  const word = text.slice(at, end).toUpperCase();
  const next = text[end];
  if (next === "'" || next === '"') {
    const escapes = dialect.prefixes.get(word);
    if (escapes === undefined) throw doubt("a word in the SQL touches a quote");
    const literal = literalAt(text, end, dialect, escapes);
    // PostgreSQL goes on with `E'a'` in a literal on the next line, by the rules of its first part.
    const isContinued = escapes !== dialect.escapes && text[skipBlank(text, literal.end, dialect)] === next;
    if (isContinued) throw doubt("a literal in the SQL may go on in the next one");
    return { ...literal, text: "" };
  }
  // `U&"…"` writes names in escapes; `a$b` is one word to some.
  if (next === "$" || (word === "U" && next === "&")) throw doubt("a word in the SQL is spelled oddly");
  return { kind: "word", text: word, end };
}

function literalAt(text: string, at: number, dialect: Dialect, escapes: "backslash" | "doubled"): Token {
  const quote = text[at] ?? "";
  if (dialect.hasTripleQuotes && text.startsWith(quote.repeat(3), at)) {
    return quotedAt(text, at, quote.repeat(3), "backslash");
  }
  return quotedAt(text, at, quote, escapes);
}

/** From one quote to the next that ends it. PostgreSQL's `E'…'` knows the backslash and the doubled quote; so do we, there. */
function quotedAt(text: string, at: number, quote: string, escapes: "backslash" | "doubled"): Token {
  let end = at + quote.length;
  for (;;) {
    const here = text[end];
    if (here === undefined) throw doubt("a quote in the SQL does not end");
    if (here === "\\" && escapes === "backslash") end += 2;
    else if (!text.startsWith(quote, end)) end += 1;
    else if (text.startsWith(quote, end + quote.length) && escapes === "doubled") end += 2 * quote.length;
    else break;
  }
  const after = end + quote.length;
  // An escape in a name hides its dots: where the table lies nobody could say.
  if (quote === "`" && text.slice(at, end).includes("\\")) throw doubt("a name in the SQL holds a backslash");
  // `'a''b'` is one literal to some and two to others, and `''''` none to a third: where they touch, nobody agrees.
  if (escapes === "backslash" && /['"`]/.test(text[after] ?? "")) throw doubt("two quotes in the SQL touch");
  if (/[A-Za-z0-9_$]/.test(text[after] ?? "")) throw doubt("a quote in the SQL touches a word");
  return { kind: "quoted", text: text.slice(at + quote.length, end), end: after };
}

function bracketAt(text: string, at: number): Token {
  const end = endOf(patterns.bracket, text, at);
  if (text[end - 1] !== "]" || text[end] === "]")
    throw doubt("a name in brackets in the SQL is spelled oddly");
  return { kind: "quoted", text: text.slice(at + 1, end - 1), end };
}

/** `$1` is a parameter; `$tag$ … $tag$` a literal, to PostgreSQL alone. */
function dollarAt(text: string, at: number, dialect: Dialect): Token {
  const parameter = endOf(patterns.parameter, text, at);
  if (parameter > at && !/[A-Za-z_$]/.test(text[parameter] ?? "")) {
    return { kind: "number", text: "", end: parameter };
  }
  const open = endOf(patterns.dollarTag, text, at);
  if (!dialect.hasDollarQuotes || open === at) throw doubt("the SQL holds a dollar sign");
  const tag = text.slice(at, open);
  const close = text.indexOf(tag, open);
  if (close === -1) throw doubt("a dollar quote in the SQL does not end");
  return { kind: "quoted", text: text.slice(open, close), end: close + tag.length };
}

/** Where a number ends is disputed as soon as a letter touches it: `1e0UNION` is one word, or a number and a verb. */
function numberAt(text: string, at: number): Token {
  const end = endOf(patterns.number, text, at);
  const isDisputed =
    /[A-Za-z0-9_$'"`]/.test(text[end] ?? "") || /^\.[eE]?[0-9]/.test(text.slice(end, end + 3));
  if (isDisputed) throw doubt("a number in the SQL touches a word");
  return { kind: "number", text: text.slice(at, end), end };
}

function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  return match === null ? at : at + match[0].length;
}
