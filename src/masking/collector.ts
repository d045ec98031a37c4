/** Bytes kept aside, a window at most: the caller asks for `bytes` after each piece. */
export class Collector {
  #pieces: Buffer[] = [];
  #bytes = 0;
  #isOpen = false;

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get bytes(): number {
    return this.#bytes;
  }

  open(): void {
    this.#pieces = [];
    this.#bytes = 0;
    this.#isOpen = true;
  }

  /** Keeps a view, not a copy. */
  add(chunk: Buffer, from: number, to: number): void {
    this.#pieces.push(from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to));
    this.#bytes += to - from;
  }

  /** Hands over what was kept and starts anew, closed. */
  take(): Buffer {
    const [only] = this.#pieces;
    const taken = this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#bytes = 0;
    this.#isOpen = false;
    return taken;
  }
}
