import { isAsSealed, openWith, type Sealed } from "../attachment.ts";
import type { DataKey } from "../data-key.ts";

/** A sealed attachment to be held against its entry. */
export interface Sample extends Sealed {
  /** Whether somebody will read it, or it is enough to know that it is what was committed to. */
  readonly isRead: boolean;
}

/** What became of a sample. */
export type Verdict =
  /** Other bytes than the entry commits to. */
  | { readonly kind: "changed" }
  /** Sealed as committed, and without a key nobody looked inside. */
  | { readonly kind: "sealed" }
  /** As committed, inside too; `bytes` of what is read. */
  | { readonly kind: "opened"; readonly bytes: Uint8Array | undefined };

/** Opens samples, which is most of the work of a verification. */
export interface Opener {
  /**
   * All under one key, which is done with when this returns; without one only their ciphertext is checked. Verdicts in the order of
   * the samples. Throws `audit_key_erased` at once when the key was forgotten.
   */
  open(samples: readonly Sample[], key: DataKey | undefined): Promise<readonly Verdict[]>;
}

/** On the thread that asks. */
export const openHere: Opener = {
  open: (samples, key) => Promise.resolve(samples.map((sample) => judge(sample, key))),
};

export function judge(sample: Sample, key: DataKey | undefined): Verdict {
  if (!isAsSealed(sample.committed, sample.bytes)) return { kind: "changed" };
  if (key === undefined) return { kind: "sealed" };
  const bytes = openWith(key, sample);
  if (bytes === undefined) return { kind: "changed" };
  return { kind: "opened", bytes: sample.isRead ? bytes : undefined };
}
