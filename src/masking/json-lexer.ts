import { limits } from "#lib/limits";
import { isNumberComplete, type NumberState, numberStep } from "./json-number.ts";
import { unmaskable } from "./json-text.ts";
import { Utf8Check } from "./utf8-check.ts";

/**
 * A strict JSON reader (RFC 8259) over a stream: it names what begins and ends, and hands on every byte exactly once
 * and in order, so that a masker can copy what it leaves alone.
 *
 * `@streamparser/json` was tried and is as strict, but it keeps a whole string in memory whatever its length, reports
 * where a token begins but not where it ends, and cannot go back to the start of an object whose `@type` comes late.
 */
export interface JsonSink {
  /** A value begins with this byte, which `bytes` hands on next. */
  valueStart(firstByte: number): void;
  valueEnd(): void;
  keyStart(): void;
  keyEnd(): void;
  /** Before a comma. */
  comma(): void;
  /** Before the closing bracket; `valueEnd` follows after it. */
  containerEnd(): void;
  bytes(chunk: Buffer, from: number, to: number): void;
}

const byte = {
  quote: 0x22,
  comma: 0x2c,
  colon: 0x3a,
  openArray: 0x5b,
  backslash: 0x5c,
  closeArray: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const;

/** What may come next outside of strings, numbers and literals. */
type Expecting =
  | "document"
  | "value"
  | "first_item"
  | "first_key"
  | "key"
  | "colon"
  | "comma_or_end"
  | "nothing";
type Token = "none" | "string" | "escape" | "hex" | "utf8" | "number" | "literal";

/** Where the reader stood just inside an object, to read its members a second time. */
export type LexerMark = { readonly depth: number };

export class JsonLexer {
  readonly #sink: JsonSink;
  readonly #isSequence: boolean;
  readonly #isObject = new Uint8Array(limits.jsonDepthMax + 1);
  readonly #utf8 = new Utf8Check();
  #depth = 0;
  #expecting: Expecting = "document";
  #token: Token = "none";
  #isKey = false;
  #hexLeft = 0;
  #number: NumberState = "start";
  #literal: Uint8Array = literals.null;
  #literalAt = 0;

  /** `isSequence` allows many documents, each on its own line (NDJSON). */
  constructor(sink: JsonSink, isSequence: boolean) {
    this.#sink = sink;
    this.#isSequence = isSequence;
  }

  write(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#token === "none") at = this.#readStructure(chunk, at);
      else if (this.#token === "number") at = this.#readNumber(chunk, at);
      else if (this.#token === "literal") at = this.#readLiteral(chunk, at);
      else at = this.#readString(chunk, at, at);
    }
  }

  /** No byte at all is allowed: an answer without a body still names its content type. */
  end(): void {
    if (this.#token === "number" && isNumberComplete(this.#number)) this.#endValue();
    const isWhole =
      this.#token === "none" && (this.#expecting === "document" || this.#expecting === "nothing");
    if (!isWhole) throw unmaskable("it ends in the middle");
  }

  mark(): LexerMark {
    return { depth: this.#depth };
  }

  /** Reads the members of an object once more; `bytes` are those since its mark, and end where a value ends. */
  replay(mark: LexerMark, bytes: Buffer): void {
    this.#rewind(mark);
    this.write(bytes);
    // Only what follows a number shows that it is over, and here nothing follows.
    if (this.#token === "number") this.#endValue();
  }

  #rewind(mark: LexerMark): void {
    this.#depth = mark.depth;
    this.#expecting = "first_key";
    this.#token = "none";
  }

  #readStructure(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length && isWhitespace(chunk[at])) at += 1;
    if (at > from) {
      if (this.#isSequence && this.#expecting === "nothing" && chunk.subarray(from, at).includes(0x0a)) {
        this.#expecting = "document";
      }
      this.#sink.bytes(chunk, from, at);
      return at;
    }
    const next = chunk[at] ?? 0;
    if (next === byte.comma) return this.#readComma(chunk, at);
    if (next === byte.colon) return this.#readColon(chunk, at);
    if (next === byte.closeArray || next === byte.closeObject) return this.#readClose(chunk, at);
    if (this.#expecting === "key" || this.#expecting === "first_key") return this.#startKey(chunk, at);
    if (isValueExpected(this.#expecting)) return this.#startValue(chunk, at);
    throw unmaskable("something stands where nothing may");
  }

  #readComma(chunk: Buffer, at: number): number {
    if (this.#expecting !== "comma_or_end") throw unmaskable("a comma stands where none may");
    this.#expecting = this.#isObject[this.#depth] === 1 ? "key" : "value";
    this.#sink.comma();
    this.#sink.bytes(chunk, at, at + 1);
    return at + 1;
  }

  #readColon(chunk: Buffer, at: number): number {
    if (this.#expecting !== "colon") throw unmaskable("a colon stands where none may");
    this.#expecting = "value";
    this.#sink.bytes(chunk, at, at + 1);
    return at + 1;
  }

  #readClose(chunk: Buffer, at: number): number {
    const isObject = chunk[at] === byte.closeObject;
    const isEmpty = this.#expecting === (isObject ? "first_key" : "first_item");
    const isEnd = this.#expecting === "comma_or_end" && (this.#isObject[this.#depth] === 1) === isObject;
    if (!isEmpty && !isEnd) throw unmaskable("a bracket closes what is not open");
    this.#sink.containerEnd();
    this.#sink.bytes(chunk, at, at + 1);
    this.#depth -= 1;
    this.#endValue();
    return at + 1;
  }

  #startKey(chunk: Buffer, at: number): number {
    if (chunk[at] !== byte.quote) throw unmaskable("a member has no name");
    this.#sink.keyStart();
    this.#isKey = true;
    this.#token = "string";
    return this.#readString(chunk, at, at + 1);
  }

  #startValue(chunk: Buffer, at: number): number {
    const first = chunk[at] ?? 0;
    if (first === byte.openObject || first === byte.openArray) return this.#open(chunk, at);
    this.#sink.valueStart(first);
    if (first === byte.quote) {
      this.#isKey = false;
      this.#token = "string";
      return this.#readString(chunk, at, at + 1);
    }
    const literal = literalOf(first);
    if (literal === undefined) {
      this.#number = "start";
      this.#token = "number";
      return at;
    }
    this.#literal = literal;
    this.#literalAt = 0;
    this.#token = "literal";
    return at;
  }

  #open(chunk: Buffer, at: number): number {
    if (this.#depth >= limits.jsonDepthMax) {
      throw unmaskable(`it nests deeper than ${limits.jsonDepthMax} levels`);
    }
    const isObject = chunk[at] === byte.openObject;
    this.#sink.valueStart(isObject ? byte.openObject : byte.openArray);
    this.#depth += 1;
    this.#isObject[this.#depth] = isObject ? 1 : 0;
    this.#expecting = isObject ? "first_key" : "first_item";
    this.#sink.bytes(chunk, at, at + 1);
    return at + 1;
  }

  /** Reads on at `start`; what is handed on begins at `from`, with the opening quote if it is in this chunk. */
  #readString(chunk: Buffer, from: number, start: number): number {
    let at = start;
    while (at < chunk.length) {
      const next = chunk[at] ?? 0;
      at += 1;
      if (this.#token !== "string") this.#continueCharacter(next);
      else if (next === byte.quote) {
        this.#sink.bytes(chunk, from, at);
        this.#endString();
        return at;
      } else if (next === byte.backslash) this.#token = "escape";
      else if (next < 0x20) throw unmaskable("a control character stands in a string");
      else if (next >= 0x80) this.#startCharacter(next);
    }
    this.#sink.bytes(chunk, from, at);
    return at;
  }

  #endString(): void {
    if (!this.#isKey) {
      this.#endValue();
      return;
    }
    this.#token = "none";
    this.#expecting = "colon";
    this.#sink.keyEnd();
  }

  #startCharacter(first: number): void {
    if (!this.#utf8.start(first)) throw unmaskable("a string is not UTF-8");
    this.#token = "utf8";
  }

  /** The rest of an escape or of a character of several bytes. */
  #continueCharacter(next: number): void {
    if (this.#token === "utf8") {
      if (!this.#utf8.next(next)) throw unmaskable("a string is not UTF-8");
      if (this.#utf8.isWhole) this.#token = "string";
    } else if (this.#token === "hex") {
      if (!isHexDigit(next)) throw unmaskable("an escape in a string is not hexadecimal");
      this.#hexLeft -= 1;
      if (this.#hexLeft === 0) this.#token = "string";
    } else if (next === 0x75) {
      this.#hexLeft = 4;
      this.#token = "hex";
    } else {
      if (!simpleEscapes.includes(next)) throw unmaskable("an escape in a string is unknown");
      this.#token = "string";
    }
  }

  #readNumber(chunk: Buffer, from: number): number {
    let at = from;
    for (; at < chunk.length; at += 1) {
      const state = numberStep(this.#number, chunk[at] ?? 0);
      if (state === undefined) break;
      this.#number = state;
    }
    if (at > from) this.#sink.bytes(chunk, from, at);
    if (at === chunk.length) return at;
    if (!isNumberComplete(this.#number)) throw unmaskable("it holds neither a value nor a number");
    this.#endValue();
    return at;
  }

  #readLiteral(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length && this.#literalAt < this.#literal.length) {
      if (chunk[at] !== this.#literal[this.#literalAt]) throw unmaskable("it holds an unknown word");
      this.#literalAt += 1;
      at += 1;
    }
    this.#sink.bytes(chunk, from, at);
    if (this.#literalAt === this.#literal.length) this.#endValue();
    return at;
  }

  /** State first, event second: the sink may have it replayed from within the event. */
  #endValue(): void {
    this.#token = "none";
    this.#expecting = this.#depth === 0 ? "nothing" : "comma_or_end";
    this.#sink.valueEnd();
  }
}

const literals = {
  true: Buffer.from("true"),
  false: Buffer.from("false"),
  null: Buffer.from("null"),
} as const;

function literalOf(first: number): Uint8Array | undefined {
  return Object.values(literals).find((literal) => literal[0] === first);
}

const simpleEscapes: Uint8Array = Buffer.from('"\\/bfnrt');

function isWhitespace(next: number | undefined): boolean {
  return next === 0x20 || next === 0x0a || next === 0x0d || next === 0x09;
}

function isValueExpected(expecting: Expecting): boolean {
  return expecting === "document" || expecting === "value" || expecting === "first_item";
}

function isHexDigit(next: number): boolean {
  return (next >= 0x30 && next <= 0x39) || (next >= 0x41 && next <= 0x46) || (next >= 0x61 && next <= 0x66);
}
