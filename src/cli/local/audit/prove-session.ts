import { formatSessionProof, verifySessionProof } from "#audit";
import { exitCodes, printable } from "#cli";
import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import { printableJson } from "#lib/printable";
import type { Settings } from "../../settings.ts";
import type { Auditor } from "./auditor.ts";
import { coveringProver, proofOf } from "./covering-prover.ts";
import { exportedEntries } from "./export-pages.ts";
import { withOutput } from "./output-file.ts";
import type { GivenKey } from "./verifier-key.ts";
import { entriesOf, notShown } from "./verify-proof.ts";

export interface SessionProofAsked {
  readonly session: string;
  readonly output: string | undefined;
  readonly auditor: Auditor;
  readonly key: GivenKey;
}

/** `--session ID`: proofs of every entry that the session has now, under one checkpoint, in one file. Returns the exit status. */
export async function proveSession(asked: SessionProofAsked, settings: Settings): Promise<number> {
  const { session, output, auditor, key } = asked;
  const { terminal, isJson } = settings;
  const indexes = await indexesOf(session, auditor);
  const { prover } = await coveringProver(auditor, indexes.at(-1) ?? 0, terminal);
  const proofs = [];
  for (const index of indexes) proofs.push({ index, proof: await proofOf(prover, index) });
  const proof = formatSessionProof({ session, proofs });
  const verification = verifySessionProof(proof, key.verifier);
  if (verification.kind === "refused") {
    terminal.err(
      printable(`NOT VERIFIED: the server's proof of ${session} proves nothing: ${verification.why}.`),
    );
    return exitCodes.notVerified;
  }
  if (output !== undefined) await withOutput(output, terminal, async ({ write }) => write(proof));
  const { size } = verification.checkpoint;
  const words = `Proven in ${output ?? ""}: ${entriesOf(indexes.length, session)}, under the checkpoint of size ${size}.\n${notShown(session)}`;
  const said = output === undefined ? proof.trimEnd() : printable(words);
  terminal.out(isJson ? printableJson({ session, indexes, size, proof }) : said);
  return exitCodes.ok;
}

/** Ascending. Throws `entry_not_found`, `export_too_large`. */
async function indexesOf(session: string, auditor: Auditor): Promise<readonly number[]> {
  const query = new URLSearchParams({ session });
  const indexes: number[] = [];
  for await (const { index } of exportedEntries(auditor, { query, format: "proof", withDetail: false })) {
    if (indexes.length >= limits.sessionProofEntriesMax) {
      throw new GatehouseError(
        "export_too_large",
        `${session} has more than ${limits.sessionProofEntriesMax} entries. Take a bundle: gatehouse audit export --bundle FOLDER --session ${session}`,
      );
    }
    indexes.push(index);
  }
  if (indexes.length > 0) return indexes.sort((one, other) => one - other);
  throw new GatehouseError("entry_not_found", `The log has no entry of ${session}.`);
}
