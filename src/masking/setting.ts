import { limits } from "#lib/limits";
import { unmaskable } from "./json-text.ts";
import type { Output, Slot } from "./output.ts";
import type { Cause, Treatment, Treatments } from "./treatment.ts";

interface SettingValue {
  readonly place: Treatment;
  readonly text: string;
  /** Whether it is masked if the object ends without a name. */
  readonly isSecretUnnamed: boolean;
}

interface PendingValue extends SettingValue {
  readonly slot: Slot;
  readonly label: string;
}

/**
 * One object of a list like `[{"name": "DB_PASSWORD", "value": "…"}]`, whose name says whether its value is secret,
 * whichever of them comes first. The value may be an object or array, all of whose leaves the name speaks for.
 */
export class Setting {
  readonly #treatments: Treatments;
  readonly #out: Output;
  readonly #onMasked: (label: string) => void;
  readonly #around: Setting | undefined;
  readonly #names: { readonly member: string; readonly text: string }[] = [];
  #pending: PendingValue[] = [];
  readonly #released: SettingValue[] = [];
  #releasedChars = 0;

  /** `around` is the setting within whose value this one is: a value must be harmless by both. */
  constructor(
    treatments: Treatments,
    out: Output,
    onMasked: (label: string) => void,
    around: Setting | undefined,
  ) {
    this.#treatments = treatments;
    this.#out = out;
    this.#onMasked = onMasked;
    this.#around = around;
  }

  /** Whether the names seen so far make this value a secret. */
  secretBy(value: Pick<SettingValue, "place" | "text">): Cause | undefined {
    const own = this.#names
      .map(({ text }) => this.#treatments.secretBy(value.place, text, value.text))
      .find((cause) => cause !== undefined);
    return own ?? this.#around?.secretBy(value);
  }

  /** Whether a value too long to look at may pass: only under a name that is known to be harmless. */
  maySkip(place: Treatment): boolean {
    if (this.#names.length === 0 || this.#around?.maySkip(place) === false) return false;
    return this.secretBy({ place, text: secretSample }) === undefined;
  }

  noteName(member: string, text: string): void {
    const isRepeated = this.#names.some((name) => name.member === member);
    this.#names.push({ member, text });
    if (this.#names.length > namesMax) throw unmaskable("a setting has two names");
    // A client that takes the last of two names would see a value that we let through for the first.
    if (isRepeated && this.#mayHaveReleasedSecret()) throw unmaskable("a setting has two names");
    this.#decide((value) => this.secretBy(value) !== undefined);
  }

  /** Writes a value that nothing else masks: at once if a name is known, else with a place kept for its mask. */
  putValue(value: SettingValue, written: Buffer, mask: () => { bytes: Buffer; label: string }): void {
    const couldBeSecret = this.#treatments.secretBy(value.place, "password", value.text) !== undefined;
    if (couldBeSecret && this.isUnnamed()) {
      const { bytes, label } = mask();
      this.#wait({ ...value, slot: this.#out.openSlot(written, bytes), label });
    } else {
      this.#release(value);
      this.#out.put(written);
    }
  }

  /** The object ends; a value that never got a name is none of our business, unless its name was left out. */
  close(): void {
    this.#decide((value) => value.isSecretUnnamed);
  }

  /** Whether a name that may still come, here or around, has a say. */
  isUnnamed(): boolean {
    return this.#names.length === 0 || this.#around?.isUnnamed() === true;
  }

  #wait(value: PendingValue): void {
    if (this.#names.length > 0 && this.#around !== undefined) {
      this.#release(value);
      this.#around.#wait(value);
      return;
    }
    this.#pending.push(value);
    // What waited for too long is masked, and need not be kept.
    const waiting = this.#pending.findIndex(({ slot }) => !this.#out.isLate(slot));
    for (const late of this.#pending.splice(0, waiting)) this.#settle(late, true);
  }

  #decide(isSecret: (value: SettingValue) => boolean): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const value of pending) {
      if (isSecret(value)) this.#settle(value, true);
      else if (this.#around?.isUnnamed() === true) this.#around.#wait(value);
      else this.#settle(value, false);
    }
  }

  #settle(value: PendingValue, isSecret: boolean): void {
    if (this.#out.decide(value.slot, isSecret)) this.#onMasked(value.label);
    else this.#release(value);
  }

  /** Kept, should a second name contradict the first; what is more than the window only in number. */
  #release(value: SettingValue): void {
    this.#releasedChars += value.text.length;
    if (this.#releasedChars <= limits.maskWindowBytesMax) this.#released.push(value);
  }

  /** A client that takes the last of two names would see a value that we let through for the first. */
  #mayHaveReleasedSecret(): boolean {
    if (this.#releasedChars > limits.maskWindowBytesMax) return true;
    return this.#released.some((value) => this.secretBy(value) !== undefined);
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
