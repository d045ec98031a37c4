import { unmaskable } from "./json-text.ts";
import type { Output, Slot } from "./output.ts";
import type { Cause, Treatment, Treatments } from "./treatment.ts";

interface SettingValue {
  readonly place: Treatment;
  readonly text: string;
}

/**
 * One object of a list like `[{"name": "DB_PASSWORD", "value": "…"}]`, whose name says whether its value is secret,
 * whichever of them comes first.
 */
export class Setting {
  readonly #treatments: Treatments;
  readonly #out: Output;
  readonly #onMasked: (label: string) => void;
  readonly #names: { readonly member: string; readonly text: string }[] = [];
  #pending: (SettingValue & { readonly slot: Slot; readonly label: string }) | undefined;
  #released: SettingValue | undefined;

  constructor(treatments: Treatments, out: Output, onMasked: (label: string) => void) {
    this.#treatments = treatments;
    this.#out = out;
    this.#onMasked = onMasked;
  }

  /** Whether the names seen so far make this value a secret. */
  secretBy(value: SettingValue): Cause | undefined {
    return this.#names
      .map(({ text }) => this.#treatments.secretBy(value.place, text, value.text))
      .find((cause) => cause !== undefined);
  }

  /** Whether a value too long to look at may pass: only under a name that is known to be harmless. */
  maySkip(place: Treatment): boolean {
    return this.#names.length > 0 && this.secretBy({ place, text: secretSample }) === undefined;
  }

  noteName(member: string, text: string): void {
    const isRepeated = this.#names.some((name) => name.member === member);
    this.#names.push({ member, text });
    if (this.#names.length > namesMax) throw unmaskable("a setting has two names");
    // A client that takes the last of two names would see a value that we let through for the first.
    if (isRepeated && this.#released !== undefined && this.secretBy(this.#released))
      throw unmaskable("a setting has two names");
    if (this.#pending !== undefined) this.#decide(this.secretBy(this.#pending) !== undefined);
  }

  /** Writes a value that nothing else masks: at once if a name is known, else with a place kept for its mask. */
  putValue(value: SettingValue, written: Buffer, mask: () => { bytes: Buffer; label: string }): void {
    const couldBeSecret = this.#treatments.secretBy(value.place, "password", value.text) !== undefined;
    if (this.#names.length > 0 || !couldBeSecret) {
      this.#released = value;
      this.#out.put(written);
      return;
    }
    if (this.#pending !== undefined) this.#decide(true);
    const { bytes, label } = mask();
    this.#pending = { ...value, slot: this.#out.openSlot(written, bytes), label };
  }

  /** The object ends; a value that never got a name is none of our business. */
  close(): void {
    if (this.#pending !== undefined) this.#decide(false);
  }

  #decide(isSecret: boolean): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    if (this.#out.decide(pending.slot, isSecret)) this.#onMasked(pending.label);
    else this.#released = pending;
    this.#pending = undefined;
  }
}

/** An honest setting has one name, or a name and a key. */
const namesMax = 4;

/** Random enough for every verdict: asks whether a name alone can make a value secret. */
const secretSample = "x7Qp2Lm9Zk4Rt8Wv";

export function isSettingName(member: string): boolean {
  return member === "name" || member === "key";
}

export const settingValue = "value";
