import { statSync } from "node:fs";
import type { SessionProofVerification } from "#audit";
import { exitCodes, moment, printable } from "#cli";
import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
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
): Promise<ProofFileVerification | SessionProofVerification> {
  const text = readProof(file);
  const { verifier } =
    key === undefined
      ? verifierKey(undefined, { kind: "server", server: await findServer(settings) })
      : parseGivenKey(key);
  const { isSessionProof, verifySessionProof } = await import("#audit");
  if (isSessionProof(text)) return verifySessionProof(text, verifier);
  const { verifyProofFile } = await import("#tlog");
  return verifyProofFile(text, verifier);
}

/** It may come from anybody. Throws `file_unreadable`. */
function readProof(file: string): string {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= limits.proofFileBytesMax) return readText(file);
  throw new GatehouseError("file_unreadable", `${file} is larger than any proof.`);
}

/** Says what the proof shows and what it does not, and returns the exit status. */
export function sayProof(
  verification: ProofFileVerification | SessionProofVerification,
  settings: Settings,
): number {
  const { terminal, isJson } = settings;
  if (verification.kind === "refused") {
    const { why } = verification;
    terminal.out(
      isJson ? printableJson({ kind: "broken", problem: why }) : printable(`NOT VERIFIED: ${why}.`),
    );
    return exitCodes.notVerified;
  }
  if ("entries" in verification) return saySession(verification, settings);
  const { index, checkpoint } = verification;
  const { origin, size } = checkpoint;
  const leaf = Buffer.from(verification.leaf).toString("utf8");
  const words = `Verified: entry ${index} of ${origin}, under its checkpoint of size ${size}\n${printableLine(leaf)}`;
  terminal.out(isJson ? printableJson({ kind: "verified", origin, index, size, leaf }) : printable(words));
  return exitCodes.ok;
}

function saySession(
  { checkpoint, session, entries }: Extract<SessionProofVerification, { readonly kind: "verified" }>,
  { terminal, isJson }: Settings,
): number {
  const { origin, size } = checkpoint;
  const lines = entries.map(({ index, leaf: { t, kind, operation, decision, status } }) =>
    ["  entry", index, moment(t), kind, operation, decision, status]
      .filter((each) => each !== undefined)
      .join(" "),
  );
  const words = [
    `Verified: ${entriesOf(entries.length, session)}, in ${origin} under its checkpoint of size ${size}`,
    ...lines,
    notShown(session),
  ].join("\n");
  const proven = entries.map(({ index, text }) => ({ index, leaf: text }));
  const facts = { kind: "verified", origin, size, session, entries: proven, notShown: notShown(session) };
  terminal.out(isJson ? printableJson(facts) : printable(words));
  return exitCodes.ok;
}

/** Of every session proof, whoever made it. */
export function notShown(session: string): string {
  return (
    `It does not show that ${session} has no further entries: only the whole log does. Ask its server ` +
    `(gatehouse audit search --session ${session}), or take the log (gatehouse audit export --tiles) and look.`
  );
}

export function entriesOf(count: number, session: string): string {
  return `${count} ${count === 1 ? "entry" : "entries"} of ${session}`;
}
