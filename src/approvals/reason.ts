import { limits } from "#lib/limits";

/**
 * An approver's words as one plain line, for terminals, logs and the agent. Control and format characters (escape
 * sequences, text that runs backwards, zero widths) become spaces. `undefined` when nothing is left.
 */
export function cleanReason(reason: string | undefined): string | undefined {
  const line = (reason ?? "")
    .slice(0, limits.approvalReasonCharsMax * 4)
    .normalize("NFC")
    .replace(/[\p{C}\p{Z}]+/gu, " ")
    .trim();
  const cut = [...line].slice(0, limits.approvalReasonCharsMax).join("");
  return cut === "" ? undefined : cut;
}
