import { type Judgement, judgement, worstCase, worstOf } from "../judgement.ts";
import type { FunctionNames } from "./functions.ts";
import type { Token } from "./lexer.ts";

/**
 * What the functions do that are called between `from` and the end: nothing, ask a model, or whatever somebody wrote into
 * them. A name in quotes is nobody's built-in function.
 */
export function judgeCalls(tokens: readonly Token[], from: number, names: FunctionNames): Judgement {
  let judged = judgement("read", "its SQL only reads");
  for (let index = Math.max(from, 1); index < tokens.length; index += 1) {
    if (!isSymbol(tokens[index], "(")) continue;
    const called = judgeCallee(tokens, index - 1, names);
    if (called !== undefined) judged = worstOf(called, [judged]);
  }
  return judged;
}

function judgeCallee(tokens: readonly Token[], last: number, names: FunctionNames): Judgement | undefined {
  const token = tokens[last];
  if (token?.kind === "quoted") return unknownFunction;
  if (token?.kind !== "word") return undefined;
  const isPath = isSymbol(tokens[last - 1], ".");
  if (!isPath && names.keywords.has(token.text)) return undefined;
  const name = isPath ? pathBefore(tokens, last) : token.text;
  const plain = name.startsWith("SAFE.") ? name.slice("SAFE.".length) : name;
  if (names.harmless.has(plain)) return undefined;
  return names.inference.has(plain) ? asksModel : unknownFunction;
}

const asksModel = judgement("read", "its SQL reads, and asks a model", ["inference"]);

// A remote function sends what it is given to code elsewhere.
const unknownFunction = worstCase("it calls a function or routine whose code cannot be seen", [
  "exec",
  "exfil",
]);

/** `A.B` before a parenthesis; with anything else than bare words on the way, a name that no list holds. */
function pathBefore(tokens: readonly Token[], last: number): string {
  let name = "";
  // The longest known name is `SAFE.NET.HOST`.
  for (let index = last; index > last - 6; index -= 2) {
    const token = tokens[index];
    if (token?.kind !== "word") return "";
    name = token.text + name;
    if (!isSymbol(tokens[index - 1], ".")) return name;
    name = `.${name}`;
  }
  return "";
}

export function isSymbol(token: Token | undefined, text: string): boolean {
  return token?.kind === "symbol" && token.text === text;
}

/** Bare or in quotes, which a name may be; a literal that says the same makes the judgement harder than need be. */
export function isNamed(token: Token | undefined, ...texts: readonly string[]): boolean {
  return (token?.kind === "word" || token?.kind === "quoted") && texts.includes(token.text.toUpperCase());
}

export function isWord(token: Token | undefined, ...texts: readonly string[]): boolean {
  return token?.kind === "word" && texts.includes(token.text);
}
