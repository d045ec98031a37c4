import { limits } from "#lib/limits";

interface Slice {
  readonly chunk: Buffer;
  readonly from: number;
  to: number;
}

/** A place whose text is decided later: what came, or what stands in for it. Everything after it waits. */
export interface Slot {
  decided: Buffer | undefined;
  readonly original: Buffer;
  readonly masked: Buffer;
  /** How much was written before it. */
  readonly at: number;
}

/** Collects the masked bytes in order. Neighbouring slices of one chunk grow together, so copying is rare. */
export class Output {
  #pieces: (Slice | Slot)[] = [];
  #last: Slice | undefined;
  #slots: Slot[] = [];
  #written = 0;

  copy(chunk: Buffer, from: number, to: number): void {
    this.#written += to - from;
    const last = this.#last;
    if (last !== undefined && last.chunk === chunk && last.to === from) {
      last.to = to;
      return;
    }
    this.#last = { chunk, from, to };
    this.#pieces.push(this.#last);
  }

  put(bytes: Buffer): void {
    if (bytes.length > 0) this.copy(bytes, 0, bytes.length);
  }

  openSlot(original: Buffer, masked: Buffer): Slot {
    const slot = { decided: undefined, original, masked, at: this.#written };
    this.#written += original.length;
    this.#last = undefined;
    this.#pieces.push(slot);
    this.#slots.push(slot);
    return slot;
  }

  /** Masks in doubt: a slot that waited longer than the window is masked whatever was found out since. */
  decide(slot: Slot, isSecret: boolean): boolean {
    slot.decided ??= isSecret || this.isLate(slot) ? slot.masked : slot.original;
    return slot.decided === slot.masked;
  }

  /** Takes out what is decided. Slots that hold more than the window behind them are masked, so memory stays bounded. */
  drain(): Buffer {
    for (const slot of this.#slots) if (this.isLate(slot)) slot.decided ??= slot.masked;
    this.#slots = this.#slots.filter((slot) => slot.decided === undefined);
    const waiting = this.#pieces.findIndex((piece) => "at" in piece && piece.decided === undefined);
    const ready = this.#pieces.splice(0, waiting === -1 ? this.#pieces.length : waiting);
    this.#last = undefined;
    return joined(ready.map(sliceOf));
  }

  /** More was written since than is kept back. */
  isLate(slot: Slot): boolean {
    return this.#written - slot.at > limits.maskWindowBytesMax;
  }
}

function sliceOf(piece: Slice | Slot): Slice {
  if ("chunk" in piece) return piece;
  const chunk = piece.decided ?? piece.masked;
  return { chunk, from: 0, to: chunk.length };
}

/** Copies each slice once, without a view of its own for each: an answer with many masks has thousands of them. */
function joined(slices: readonly Slice[]): Buffer {
  const [only] = slices;
  if (slices.length === 1 && only !== undefined) return only.chunk.subarray(only.from, only.to);
  const out = Buffer.allocUnsafe(slices.reduce((sum, slice) => sum + slice.to - slice.from, 0));
  let at = 0;
  for (const { chunk, from, to } of slices) at += chunk.copy(out, at, from, to);
  return out;
}
