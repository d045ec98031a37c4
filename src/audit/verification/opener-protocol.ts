import type { DataKeyParts } from "../data-key.ts";
import type { Sample, Verdict } from "./opener.ts";

/** The samples' bytes travel in one piece: each for itself they would cost more than to open. */
export interface ToOpener {
  readonly key: { readonly id: string; readonly parts: DataKeyParts } | undefined;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Each follows the one before in `bytes`. */
  readonly samples: readonly (Omit<Sample, "bytes"> & { readonly length: number })[];
}

/** Answers come in the order of the questions. */
export type FromOpener =
  | { readonly kind: "verdicts"; readonly verdicts: readonly Verdict[] }
  | { readonly kind: "failed"; readonly message: string };
