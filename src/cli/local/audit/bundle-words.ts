import { printableLine } from "#lib/printable";
import type { BundleVerification } from "./verify-bundle.ts";

/** What was proven and what not, or the first file that is wrong, for people. */
export function bundleWords(
  verification: BundleVerification,
  folder: string,
  isKeyFromOutside: boolean,
): string {
  if (verification.kind === "broken")
    return printableLine(`NOT VERIFIED: ${verification.file}: ${verification.problem}`);
  const { origin, entries, size, recordings, details, notCovered } = verification;
  return [
    `Verified: ${folder}, an evidence bundle of ${origin}`,
    `  entries      ${entries}, each proven under its checkpoint of size ${size}; what is said of them is what they say`,
    `  details      ${details.shown} of ${details.committed} that they commit to, not proven`,
    `  recordings   ${recordings.shown} of ${recordings.committed} messages that they commit to, not proven`,
    ...notCovered.map((what) => `  not covered  ${what}`),
    ...(isKeyFromOutside
      ? []
      : [
          "The verifier key came from the bundle or its server; pass --key with one you kept to trust more than that.",
        ]),
  ]
    .map(printableLine)
    .join("\n");
}
