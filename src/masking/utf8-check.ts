/**
 * Whether bytes are UTF-8, one at a time (RFC 3629 section 4): no overlong forms, no surrogates, nothing past
 * U+10FFFF. A second spelling of a character is how a name slips past a comparison.
 */
export class Utf8Check {
  #left = 0;
  #low = 0x80;
  #high = 0xbf;

  get isWhole(): boolean {
    return this.#left === 0;
  }

  /** Takes the first byte of a character above ASCII. */
  start(first: number): boolean {
    this.#low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
    this.#high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
    if (first >= 0xc2 && first <= 0xdf) this.#left = 1;
    else if (first >= 0xe0 && first <= 0xef) this.#left = 2;
    else if (first >= 0xf0 && first <= 0xf4) this.#left = 3;
    else return false;
    return true;
  }

  next(following: number): boolean {
    if (following < this.#low || following > this.#high) return false;
    this.#low = 0x80;
    this.#high = 0xbf;
    this.#left -= 1;
    return true;
  }
}
