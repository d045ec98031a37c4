import { exitCodes, printable } from "#cli";
import { printableJson, printableLine } from "#lib/printable";
import type { ProofFileVerification } from "#tlog";
import { findServer } from "../../server.ts";
import type { Settings } from "../../settings.ts";
import { readText } from "./text-file.ts";
import { parseGivenKey, verifierKey } from "./verifier-key.ts";

/** Checks one proof file with nothing but the verifier key; only without a key a server is asked for its own. */
export async function verifyProof(
  file: string,
  key: string | undefined,
  settings: Settings,
): Promise<ProofFileVerification> {
  const text = readText(file);
  const { verifier } =
    key === undefined
      ? verifierKey(undefined, { kind: "server", server: await findServer(settings) })
      : parseGivenKey(key);
  const { verifyProofFile } = await import("#tlog");
  return verifyProofFile(text, verifier);
}

/** Says what the proof shows, and returns the exit status. */
export function sayProof(verification: ProofFileVerification, { terminal, isJson }: Settings): number {
  if (verification.kind === "refused") {
    const { why } = verification;
    terminal.out(
      isJson ? printableJson({ kind: "broken", problem: why }) : printable(`NOT VERIFIED: ${why}.`),
    );
    return exitCodes.notVerified;
  }
  const { index, checkpoint } = verification;
  const { origin, size } = checkpoint;
  const leaf = Buffer.from(verification.leaf).toString("utf8");
  const words = `Verified: entry ${index} of ${origin}, under its checkpoint of size ${size}\n${printableLine(leaf)}`;
  terminal.out(isJson ? printableJson({ kind: "verified", origin, index, size, leaf }) : printable(words));
  return exitCodes.ok;
}
